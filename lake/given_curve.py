"""A light curve as every exit may give it away: the one place that asks for rights and chooses points."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from engine.formats.curve import FRAME_SCHEMA, Curve, LongCurve, no_frames
from engine.repeats import is_repeat
from engine.target import Target
from lake.opening import Lake
from lake.operations import reading
from lake.people.accounts import User
from lake.seen import Closed, closed_within
from lake.snapshots import version_of
from lake.store import Store
from lake.targets import target_within

_FRAMES = """
SELECT f.raw_sha256 || ':' || f.plane AS source_ref, f.airmass AS airmass, f.seeing_arcsec AS fwhm_arcsec,
       f.zero_point_mag AS zp, f.zero_point_err_mag AS zp_err, f.stars AS n_ref_stars,
       c.catalogue AS ref_catalogue, f.raw_sha256 AS image_sha256
FROM lake.frames AS f
LEFT JOIN lake.calibrations AS c
    ON c.target_id = f.target_id AND c.frame_id = f.frame_id AND c.chosen
WHERE f.target_id = $target_id AND f.status <> 'rejected' AND NOT coalesce(f.dry_run, false)
ORDER BY f.made_mjd DESC, f.frame_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which points of a light curve are wanted; what is empty does not narrow it."""

    point_id: int | None = None
    bands: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    since_mjd: float | None = None
    before_mjd: float | None = None
    without_repeats: bool = False

    def chosen(self, points: pl.DataFrame) -> pl.DataFrame:
        """Return the points that are wanted, repeats among them."""
        conditions: list[pl.Expr] = []
        if self.bands:
            conditions.append(pl.col("band").is_in(self.bands))
        if self.sources:
            conditions.append(pl.col("source").is_in(self.sources))
        if self.point_id is not None:
            conditions.append(pl.col("point_id") == self.point_id)
        if self.since_mjd is not None:
            conditions.append(pl.col("mjd") >= self.since_mjd)
        if self.before_mjd is not None:
            conditions.append(pl.col("mjd") < self.before_mjd)
        return points.filter(*conditions)

    def chosen_by(self) -> list[str]:
        """Return the columns that say which points are wanted."""
        by = {
            "point_id": self.point_id is not None or self.without_repeats,
            "band": bool(self.bands),
            "source": bool(self.sources),
            "mjd": self.since_mjd is not None or self.before_mjd is not None,
        }
        return [name for name, is_needed in by.items() if is_needed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A light curve that somebody may see: of what, as it stood when, without what."""

    target: Target
    version: int
    closed: Closed

    def shown(self) -> tuple[object, ...]:
        """Return, beside the version, what the answer is made from: for tags."""
        target = self.target
        return (
            target.target_id, target.name, target.ra_deg, target.dec_deg, sorted(self.closed.upload_ids),
        )  # fmt: skip


def what_is_asked(lake: Lake, name: str, user: User | None, as_of: str) -> Asked:
    """Return a target that a visitor may see, the version that is asked for, and what of it is closed.

    Raises
    ------
    Rejected
        ``unknown-target``, ``unknown-version``, ``bad-as-of``.
    """
    version = version_of(lake, as_of) if as_of.strip() else lake.store.version()
    with reading(lake.operations) as connection:
        target = target_within(connection, name, user)
        closed = closed_within(connection, user, target_id=target.target_id)
    return Asked(target=target, version=version, closed=closed)


def given_curve(lake: Lake, asked: Asked, wanted: Selection) -> Curve:
    """Return the points of a target that are wanted, with what their frames know of them."""
    target, version = asked.target, asked.version
    target_id = target.target_id or 0
    points = asked.closed.open_points(lake.store.light_curve(target_id, as_of=version))
    if wanted.without_repeats:  # before anything is left out: the better archive may be what is left out
        points = points.filter(~is_repeat(points))
    points = wanted.chosen(points)
    return Curve(
        target=target, points=points, version=version, frames=_frames(lake.store, version, target_id)
    )


def curve_in_pieces(lake: Lake, asked: Asked, wanted: Selection) -> Curve | LongCurve:
    """Return what ``given_curve`` returns; a long one is read while it is written."""
    target, version, closed = asked.target, asked.version, asked.closed
    target_id = target.target_id or 0
    if not lake.store.has_long_curve(target_id, as_of=version):
        return given_curve(lake, asked, wanted)

    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        needed = list(dict.fromkeys([*columns, *wanted.chosen_by(), *_closed_by(closed)]))
        repeats = _repeats(lake.store, asked) if wanted.without_repeats else None
        for points in lake.store.light_curve_pieces(target_id, as_of=version, columns=needed):
            seen = closed.open_points(points)
            others = seen if repeats is None else seen.join(repeats, on="point_id", how="anti")
            yield wanted.chosen(others).select(columns)

    frames = _frames(lake.store, version, target_id)
    return LongCurve(target=target, version=version, frames=frames, read=read)


def _closed_by(closed: Closed) -> tuple[str, ...]:
    """Return the columns that say which points are closed or hidden."""
    return ("flags", "target_id", "source", "source_ref") if closed.files else ("flags",)


def _repeats(store: Store, asked: Asked) -> pl.DataFrame:
    """Return the numbers of points whose exposure a better archive tells of; only they are held.

    A closed point makes no other a repeat: one that is missing would tell of it.
    """
    told = ("point_id", "band", "mjd", "source")
    columns = list(dict.fromkeys([*told, *_closed_by(asked.closed)]))
    pieces = store.light_curve_pieces(asked.target.target_id or 0, as_of=asked.version, columns=columns)
    points = pl.concat([asked.closed.open_points(piece).select(told) for piece in pieces])
    return points.filter(is_repeat(points)).select("point_id")


@lru_cache(maxsize=64)
def _with_frames(store: Store, version: int) -> frozenset[int]:
    """Return the targets that have frames: most have none, and one question tells so of all."""
    found = _read_at(store, version, "SELECT DISTINCT target_id FROM lake.frames", {})
    return frozenset(found["target_id"].drop_nulls())


@lru_cache(maxsize=256)
def _frames(store: Store, version: int, target_id: int) -> pl.DataFrame:
    """Return what the frames of a target know of its points; of one version it never changes."""
    if target_id not in _with_frames(store, version):
        return no_frames()
    found = _read_at(store, version, _FRAMES, {"target_id": target_id})
    return found.select(pl.col(name).cast(dtype) for name, dtype in FRAME_SCHEMA.items())


def _read_at(store: Store, version: int, sql: str, parameters: Mapping[str, object]) -> pl.DataFrame:
    """Return the rows of a statement as of a version, whatever is written meanwhile."""
    if version == store.version():
        found = store.read(sql, parameters)
        if version == store.version():
            return found
    return store.at(version).read(sql, parameters)
