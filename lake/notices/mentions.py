"""Mentions: the people whom a note calls by their user names."""

import re

# as lake.people.accounts writes user names; a full stop at the end belongs to the sentence
MENTION = re.compile(r"(?<![A-Za-z0-9_.@+-])@([A-Za-z0-9_.@+-]{0,149}[A-Za-z0-9_])")


def mentions(text: str) -> list[str]:
    """Return the user names that a note calls, in their order."""
    return list(dict.fromkeys(found[1] for found in MENTION.finditer(text)))
