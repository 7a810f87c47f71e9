"""What every archive module offers: facts about itself, a request, and a pure parser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypedDict, Unpack

import polars as pl

Words = Mapping[str, str | Sequence[str]]  # of a question; several values repeat the name


class Evidence(StrEnum):
    """What the tests of an archive's module rest on."""

    RECORDED = "real answers"
    DOCUMENTED = "answers built from the archive's documentation"


class Asks(StrEnum):
    """By what an archive is asked."""

    POSITION = "position"
    NAME = "name"  # one of the target's names; the archive has no search by position
    MOVING = "designation"  # of a body of the Solar System
    FILE = "file"  # it has no service: a person brings its file, or the file's address


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One question whose answer is known: does the archive still answer as it did?"""

    name: str
    ra_deg: float
    dec_deg: float
    least_rows: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerInfo:
    """Facts of one archive; ``docs/archives.md`` and the pages show them."""

    key: str  # one spelling everywhere: module, fixture folder, source column
    title: str
    radius_arcsec: float
    refresh_d: float | None  # None: the archive is closed, one answer is for ever
    bands: tuple[str, ...]
    citation: str  # bibcode
    acknowledgement: str
    homepage: str
    release: str = ""
    index_urls: tuple[str, ...] = ()  # files that all targets share; the harvester keeps them for a while
    method: tuple[str, ...] = ()  # how tomlake reads it, one sentence each: cuts, errors, times
    asks: Asks = Asks.POSITION
    dec_range_deg: tuple[float, float] = (-90.0, 90.0)  # what the archive covers
    coverage: str = "whole sky"
    time_scale: str = "UTC"  # as the archive gives times
    latency_s: float = 10.0  # how long an answer usually takes; quick archives are asked first
    account: str = ""  # name of the secret without which it does not answer, such as "atlas_token"
    is_incremental: bool = False  # it can be asked for what came after ``Query.since_mjd``
    evidence: Evidence = Evidence.DOCUMENTED
    canary: Canary | None = None
    differs: tuple[str, ...] = ()  # where tomlake reads it otherwise than BHTOM, and why


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked of an archive: a position, and the names under which it may know the target."""

    target_id: int
    name: str
    ra_deg: float
    dec_deg: float
    names: tuple[str, ...] = ()
    pm_ra_mas_yr: float | None = None
    pm_dec_mas_yr: float | None = None
    epoch: float = 2000.0  # Julian year of the position
    since_mjd: float | None = None  # only what is newer is asked of an incremental archive
    ticket: str = ""  # of an earlier question that the archive still worked on


class _AnyWords(TypedDict, total=False):
    json: object
    headers: Mapping[str, str] | None
    timeout_s: float  # 60 unless said


class GetWords(_AnyWords, total=False):
    """What may be said of a question beside its address."""

    params: Words | None


class PostWords(_AnyWords, total=False):
    """What may be said of a question that sends something."""

    form: Words | None


class Http(Protocol):
    """The only way to the network; it owns time-outs, retries, rate limits, secrets and the user agent."""

    def get(self, url: str, **asked: Unpack[GetWords]) -> bytes:
        """Return the body of a 200 answer; raise ``Transient`` or ``Rejected`` otherwise."""
        ...

    def post(self, url: str, **asked: Unpack[PostWords]) -> bytes:
        """Return the body of a 200 or 201 answer to a form or to JSON; raise as ``get`` does."""
        ...

    def secret(self, name: str) -> str:
        """Return a secret of this installation; raise ``Rejected`` ``needs-account`` where it has none."""
        ...


class Broker(Protocol):
    """One archive."""

    @property
    def info(self) -> BrokerInfo:
        """Return the archive's facts."""
        ...

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the archive's raw answer, empty bytes where it never saw the target.

        Raises
        ------
        NotReady
            The archive works on it; ask again with its ``ticket`` in the query.
        """
        ...

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the answer as a light curve; pure, so that raw answers can be read again later.

        Raises
        ------
        Rejected
            ``schema-drift``: the answer is not what this archive used to send.
        """
        ...
