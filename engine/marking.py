"""Texts that stand in tables of the code and that pages say in the language of their reader."""


def marked(text: str) -> str:
    """Return a text as it is, and tell whoever collects texts that it will be said in other languages."""
    return text
