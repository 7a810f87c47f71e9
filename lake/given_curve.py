"""A light curve as every exit may give it away: the one place that asks for rights and chooses points."""

from dataclasses import dataclass

import polars as pl

from engine.formats.curve import FRAME_SCHEMA, Curve
from engine.repeats import is_repeat
from engine.target import Target
from lake.opening import Lake
from lake.people.accounts import User
from lake.readable import Readable
from lake.seen import Closed
from lake.snapshots import version_of
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


def given_curve(lake: Lake, target: Target, version: int, wanted: Selection, closed: Closed) -> Curve:
    """Return the points of a target that are wanted and not closed, with what their frames know of them."""
    target_id = target.target_id or 0
    points = closed.open_points(lake.store.light_curve(target_id, as_of=version))
    if wanted.without_repeats:  # before anything is left out: the better archive may be what is left out
        points = points.filter(~is_repeat(points))
    if wanted.bands:
        points = points.filter(pl.col("band").is_in(wanted.bands))
    if wanted.sources:
        points = points.filter(pl.col("source").is_in(wanted.sources))
    if wanted.point_id is not None:
        points = points.filter(pl.col("point_id") == wanted.point_id)
    has_frames = bool((points["source"] == "upload").any())
    store: Readable = lake.store if version == lake.store.version() else lake.store.at(version)
    frames = (
        store.read(_FRAMES, {"target_id": target_id}) if has_frames else pl.DataFrame(schema=FRAME_SCHEMA)
    )
    return Curve(
        target=target,
        points=points,
        version=version,
        frames=frames.select(pl.col(name).cast(dtype) for name, dtype in FRAME_SCHEMA.items()),
    )
