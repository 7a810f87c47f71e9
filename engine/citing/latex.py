"""Text of people as LaTeX: nothing that they wrote becomes a command."""

import re

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # not \{: BibTeX counts braces, whatever stands before them
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
} | {sign: f"\\{sign}" for sign in "$&#%_"}
_LETTER = r"[^\W\d_]"
_ITEM = (
    rf"(?:{_LETTER}|[ .,'’~-]"
    r"|\\[`'^\"~=.](?:[A-Za-z]|\{(?:[A-Za-z]|\\[ij])\})"  # \'e, \"{o}, \'{\i}
    r"|\\[cvuHkrbd](?: [A-Za-z]|\{[A-Za-z]\})"  # \v{s}
    r"|\\(?:ss|ae|AE|oe|OE|aa|AA|o|O|l|L|i|j)(?![A-Za-z])(?:\{\})?)"  # \L{}
)
_NAME = re.compile(rf"(?:{_ITEM}|\{{{_ITEM}*\}})+")


def latex_text(text: str) -> str:
    """Return text as one line of LaTeX that prints just this text."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return "".join(_SPECIAL.get(sign, sign) for sign in " ".join(printable.split()))


def latex_name(full_name: str, own_latex: str = "") -> str:
    """Return a name as LaTeX: as its owner writes it where that has nothing but letters and accents."""
    own = own_latex.strip()
    return own if own.isprintable() and _NAME.fullmatch(own) else latex_text(full_name)
