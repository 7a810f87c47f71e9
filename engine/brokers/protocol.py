"""What every archive module offers: facts about itself, a request, and a pure parser."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl


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


class Http(Protocol):
    """The only way to the network; it owns time-outs, retries, rate limits and the user agent."""

    def get(self, url: str, *, params: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> bytes:
        """Return the body of a 200 answer; raise ``Transient`` or ``Rejected`` otherwise."""
        ...

    def post(self, url: str, *, form: Mapping[str, str], timeout_s: float = 60.0) -> bytes:
        """Return the body of a 200 answer to a form; raise ``Transient`` or ``Rejected`` otherwise."""
        ...


class Broker(Protocol):
    """One archive."""

    @property
    def info(self) -> BrokerInfo:
        """Return the archive's facts."""
        ...

    def fetch(self, query: Query, http: Http) -> bytes:
        """Return the archive's raw answer, empty bytes where it never saw the target."""
        ...

    def parse(self, body: bytes, query: Query) -> pl.DataFrame:
        """Return the answer as a light curve; pure, so that raw answers can be read again later.

        Raises
        ------
        Rejected
            ``schema-drift``: the answer is not what this archive used to send.
        """
        ...
