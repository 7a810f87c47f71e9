"""Who is credited for an upload: people with accounts by their names, others as the sender wrote them."""

import re

from lake.inbox.uploads import Upload
from lake.opening import Lake
from lake.people.accounts import full_names

_SENTENCE = re.compile(r"(?:^|\s)Observers: (.+)\.$", re.DOTALL)


def with_strangers(comment: str, strangers: list[str]) -> str:
    """Return a comment that also keeps the observers who have no account."""
    said = f"Observers: {', '.join(strangers)}." if strangers else ""
    return " ".join(part for part in (comment, said) if part)


def credited(lake: Lake, sent: Upload) -> str:
    """Return everybody who observed, as light curves name them."""
    known = full_names(lake.operations, sent.observers)
    found = _SENTENCE.search(sent.comment)
    strangers = [name.strip() for name in found[1].split(",")] if found else []
    return ", ".join(dict.fromkeys([*known, *(name for name in strangers if name)]))
