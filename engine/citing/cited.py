"""Who and what a light curve rests on, counted from its points."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from engine.brokers.protocol import BrokerInfo
from engine.lightcurve import Flag, has_flag

UPLOAD = "upload"  # the source of points that people's frames gave
_SHA256_CHARS = 64  # such a point's source_ref begins with the sha256 of its file


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """How somebody is credited."""

    name: str
    latex_name: str = ""  # as they write it; never used unchecked
    affiliation: str = ""
    orcid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What is known beside the points: of people, telescopes, archives and software."""

    people: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)  # by the sha256 of an upload
    thanks: Mapping[str, str] = field(default_factory=dict)  # acknowledgement by facility
    archives: Mapping[str, BrokerInfo] = field(default_factory=dict)
    software: tuple[str, ...] = ()  # versions of tomlake that made the points
    lake_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A name and its number of points."""

    name: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """Everything that a paper which uses a light curve says of its origin."""

    target_name: str
    people: tuple[tuple[Person, int], ...]  # observers of frames, the busiest first
    facilities: tuple[Counted, ...]  # of frames
    archives: tuple[Counted, ...]  # by key
    bands: tuple[Counted, ...]
    calibrations: tuple[str, ...]  # of frames
    points: int
    limits: int
    simulated: int
    own_points: int  # of frames
    first_mjd: float | None
    last_mjd: float | None
    papers: Papers


def cited(points: pl.DataFrame, target_name: str, papers: Papers) -> Cited:
    """Return who and what the points of a light curve rest on.

    Observers that an archive names are its own: its acknowledgement thanks them.
    """
    own = points.filter(pl.col("source") == UPLOAD)
    simulated = points.select(has_flag(Flag.SIMULATED)).to_series()
    span = points.select(first=pl.col("mjd").min(), last=pl.col("mjd").max()).row(0)
    return Cited(
        target_name=target_name,
        people=_people(own, papers),
        facilities=_counted(own, "facility"),
        archives=_counted(points.filter(pl.col("source") != UPLOAD), "source"),
        bands=_counted(points, "band"),
        calibrations=tuple(sorted(own.get_column("calib_version").drop_nulls().unique())),
        points=points.height,
        limits=points.filter(pl.col("mag").is_null() & pl.col("flux_ujy").is_null()).height,
        simulated=int(simulated.sum()),
        own_points=own.height,
        first_mjd=span[0],
        last_mjd=span[1],
        papers=papers,
    )


def _counted(points: pl.DataFrame, column: str) -> tuple[Counted, ...]:
    found = (
        points.filter(pl.col(column).fill_null("") != "").group_by(name=pl.col(column)).agg(points=pl.len())
    )
    rows = found.sort("points", "name", descending=[True, False]).iter_rows(named=True)
    return tuple(Counted(**row) for row in rows)


def _people(own: pl.DataFrame, papers: Papers) -> tuple[tuple[Person, int], ...]:
    sha256 = pl.col("source_ref").str.slice(0, _SHA256_CHARS)
    files = own.group_by(sha256.alias("sha256"), pl.col("observer").fill_null("")).agg(points=pl.len())
    counts: Counter[Person] = Counter()
    for sha, observer, number in files.sort("sha256", "observer").iter_rows():
        for person in dict.fromkeys(_credited(papers.people.get(sha, ()), observer)):
            counts[person] += number
    return tuple(sorted(counts.items(), key=lambda each: (-each[1], each[0].name)))


def _credited(known: tuple[Person, ...], observer: str) -> Iterator[Person]:
    """Give the accounts that observed, and after them the strangers whom a point names.

    A point names accounts first, as they were called when it was made: somebody may have a new name since.
    """
    yield from known
    names = [word for word in (part.strip() for part in observer.split(",")) if word]
    parts = [{word.strip() for word in person.name.split(",")} for person in known]
    others = [name for name in names if not any(name in each for each in parts)]
    renamed = sum(not each <= set(names) for each in parts)
    yield from (Person(name=name) for name in others[renamed:])
