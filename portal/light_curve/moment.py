"""Which version of the lake a visit reads: the newest one, or the one that the address names by ``as_of``."""

from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urlencode

from engine.errors import Rejected
from lake.readable import Readable
from lake.snapshots import mjd_of_version, version_of
from lake.store import Store
from portal.fmt import date_text
from portal.opened import lake, settings
from portal.words import _

AS_OF = "as_of"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A version of the lake that somebody asked for."""

    text: str  # as it stands in the address
    version: int
    date: str


_MOMENT: ContextVar[Moment | None] = ContextVar("moment", default=None)


def look_as_of(text: str) -> str:
    """Let this run of a page read the version that a text means, "" the newest; return a refusal or ""."""
    _MOMENT.set(None)
    if not text:
        return ""
    try:
        version = version_of(lake(), text)
    except Rejected as refusal:
        return _(refusal.reason)
    date = date_text(mjd_of_version(lake(), version))
    _MOMENT.set(Moment(text=text, version=version, date=date))
    return ""


def moment() -> Moment | None:
    """Return the version that the visitor asked for, or None for the newest."""
    return _MOMENT.get()


def read_version() -> int:
    """Return the number of the version that this visit reads."""
    asked = _MOMENT.get()
    return lake().store.version() if asked is None else asked.version


def readable(store: Store, version: int) -> Readable:
    """Return a store as it stood in a version; the newest one needs no connection of its own."""
    return store if version == store.version() else store.at(version)


def reading() -> Readable:
    """Return what this visit reads."""
    return readable(lake().store, read_version())


def address_of(**parameters: str) -> dict[str, str]:
    """Return the parameters of a link within the portal: it stays in the version that is looked at."""
    asked = _MOMENT.get()
    return parameters if asked is None else parameters | {AS_OF: asked.text}


def permalink(name: str) -> str:
    """Return the address under which a target looks for ever as it looks now."""
    asked = _MOMENT.get()
    text = str(read_version()) if asked is None else asked.text
    return f"{settings().public_url}/target?{urlencode({'name': name, AS_OF: text})}"
