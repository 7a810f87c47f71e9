"""What every stream offers: facts about itself, a request by a person's rule, and a pure parser."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from engine.brokers.protocol import Evidence, Http

CANDIDATES: dict[str, pl.DataType] = {
    "name": pl.String(),
    "ra_deg": pl.Float64(),
    "dec_deg": pl.Float64(),
    "mjd": pl.Float64(),  # UTC, seen last
    "first_mjd": pl.Float64(),  # UTC, seen first, where the stream tells
    "mag": pl.Float64(),
    "band": pl.String(),
    "classification": pl.String(),  # in the stream's own words
    "probability": pl.Float64(),
    "link": pl.String(),
}
MOST_ROWS = 200  # of one answer: newer ones come with the next question


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What somebody wants to hear of; what is None or empty does not narrow it."""

    classification: str = ""  # a class or tag of the stream
    probability_min: float | None = None
    brighter_than_mag: float | None = None
    newer_than_d: float = 30.0  # first seen at most so long ago
    dec_min_deg: float | None = None
    dec_max_deg: float | None = None
    gal_lat_min_deg: float | None = None  # least distance from the plane of the Galaxy
    cone_ra_deg: float | None = None
    cone_dec_deg: float | None = None
    cone_radius_deg: float | None = None
    conditions: str = ""  # in the stream's own query language, where it has one


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that one question is about, MJD (UTC)."""

    first_seen_mjd: float  # nothing that was first seen before
    since_mjd: float  # nothing that was not seen again since
    until_mjd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """Facts of one stream; ``docs/watching.md`` and the page show them."""

    key: str
    title: str
    homepage: str
    evidence: Evidence  # what the parser's tests rest on
    basis: str  # what was recorded and what rests on documentation only, in one sentence
    accounts: tuple[str, ...] = ()  # names of the secrets without which it does not answer
    least_every_h: float = 1.0  # it is not asked more often
    class_words: str = "class"  # what a rule's class is called there
    classes: tuple[str, ...] = ()  # examples
    needs_class: bool = False
    class_is_asked: bool = True  # the stream itself chooses by class; else the candidates are sorted here
    tells_mag: bool = True
    tells_probability: bool = False
    takes_conditions: bool = False


class Stream(Protocol):
    """One stream of alerts."""

    @property
    def info(self) -> StreamInfo:
        """Return the stream's facts."""
        ...

    def fetch(self, rule: Rule, span: Span, http: Http) -> bytes:
        """Return the stream's raw answer to a rule, as far as the stream itself can choose by it."""
        ...

    def parse(self, body: bytes) -> pl.DataFrame:
        """Return the answer as a table of ``CANDIDATES``, the newest first; pure.

        Raises
        ------
        Rejected
            ``schema-drift``: the answer is not what this stream used to send.
        """
        ...


def candidates(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Return rows as a table of candidates: one for each name, the one seen last; none without a place."""
    table = pl.DataFrame([{name: row.get(name) for name in CANDIDATES} for row in rows], schema=CANDIDATES)
    texts = [name for name, kind in CANDIDATES.items() if kind == pl.String()]
    return (
        table.with_columns(pl.col(texts).fill_null("").str.strip_chars())
        .filter(
            pl.col("name") != "",
            pl.col("ra_deg").is_between(0, 360),
            pl.col("dec_deg").is_between(-90, 90),
        )
        .sort("mjd", descending=True, nulls_last=True, maintain_order=True)
        .unique("name", keep="first", maintain_order=True)
    )
