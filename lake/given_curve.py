"""A light curve as every exit may give it away: the one place that asks for rights and chooses points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from engine.formats.curve import FRAME_SCHEMA, Curve, LongCurve, no_frames
from engine.repeats import is_repeat
from engine.target import Target
from lake.opening import Lake
from lake.people.accounts import User
from lake.readable import Readable
from lake.seen import Closed
from lake.snapshots import version_of
from lake.store import Store
from lake.targets import get_target

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


NOTHING_CLOSED = Closed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which points of a light curve are wanted; what is empty does not narrow it."""

    point_id: int | None = None
    bands: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    without_repeats: bool = False


def target_and_version(lake: Lake, name: str, user: User | None, as_of: str) -> tuple[Target, int]:
    """Return a target that a visitor may see, and the version of the lake that is asked for.

    Raises
    ------
    Rejected
        ``unknown-target``, ``unknown-version``, ``bad-as-of``.
    """
    target = get_target(lake.operations, name, user)
    return target, version_of(lake, as_of) if as_of.strip() else lake.store.version()


def given_curve(
    lake: Lake, target: Target, version: int, wanted: Selection, closed: Closed = NOTHING_CLOSED
) -> Curve:
    """Return the points of a target that are wanted and open, with what their frames know of them."""
    target_id = target.target_id or 0
    points = lake.store.light_curve(target_id, as_of=version)
    if wanted.without_repeats:  # before anything is left out: the better archive may be what is left out
        points = points.filter(~is_repeat(points))
    return Curve(
        target=target,
        points=_chosen(points, wanted, closed),
        version=version,
        frames=_frames(lake.store, version, target_id),
    )


def curve_in_pieces(
    lake: Lake, target: Target, version: int, wanted: Selection, closed: Closed
) -> Curve | LongCurve:
    """Return what ``given_curve`` returns; a long one is read while it is written."""
    target_id = target.target_id or 0
    if not lake.store.has_long_curve(target_id, as_of=version):
        return given_curve(lake, target, version, wanted, closed)

    def read(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        needed = list(dict.fromkeys([*columns, *_chosen_by(wanted, closed)]))
        pieces = lake.store.light_curve_pieces(target_id, as_of=version, columns=needed)
        repeats = _repeats(lake.store, target_id, version) if wanted.without_repeats else None
        for points in pieces:
            others = points if repeats is None else points.join(repeats, on="point_id", how="anti")
            yield _chosen(others, wanted, closed).select(columns)

    return LongCurve(
        target=target, version=version, frames=_frames(lake.store, version, target_id), read=read
    )


def _chosen_by(wanted: Selection, closed: Closed) -> list[str]:
    """Return the columns that say which points are given."""
    by = {
        "point_id": wanted.point_id is not None or wanted.without_repeats,
        "band": bool(wanted.bands),
        "source": bool(wanted.sources or closed.files),
        "target_id": bool(closed.files),
        "source_ref": bool(closed.files),
    }
    return [name for name, is_needed in by.items() if is_needed]


def _chosen(points: pl.DataFrame, wanted: Selection, closed: Closed) -> pl.DataFrame:
    points = closed.open_points(points)
    if wanted.bands:
        points = points.filter(pl.col("band").is_in(wanted.bands))
    if wanted.sources:
        points = points.filter(pl.col("source").is_in(wanted.sources))
    if wanted.point_id is not None:
        points = points.filter(pl.col("point_id") == wanted.point_id)
    return points


def _repeats(store: Store, target_id: int, version: int) -> pl.DataFrame:
    """Return the numbers of points whose exposure a better archive tells of; only they are held."""
    read = store.light_curve_pieces(target_id, as_of=version, columns=["point_id", "band", "mjd", "source"])
    points = pl.concat(read)
    return points.filter(is_repeat(points)).select("point_id")


@lru_cache(maxsize=64)
def _with_frames(store: Store, version: int) -> frozenset[int]:
    """Return the targets that have frames: most have none, and one question tells so of all."""
    found = _at(store, version).read("SELECT DISTINCT target_id FROM lake.frames")
    return frozenset(found["target_id"].drop_nulls())


def _at(store: Store, version: int) -> Readable:
    return store if version == store.version() else store.at(version)


@lru_cache(maxsize=256)
def _frames(store: Store, version: int, target_id: int) -> pl.DataFrame:
    """Return what the frames of a target know of its points; of one version it never changes."""
    if target_id not in _with_frames(store, version):
        return no_frames()
    found = _at(store, version).read(_FRAMES, {"target_id": target_id})
    return found.select(pl.col(name).cast(dtype) for name, dtype in FRAME_SCHEMA.items())
