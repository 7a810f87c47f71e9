"""A light curve as every exit may give it away: the one place that asks for rights and chooses points."""

from dataclasses import dataclass

import polars as pl

from engine.formats.curve import FRAME_SCHEMA, Curve
from engine.repeats import is_repeat
from engine.target import Target
from lake.opening import Lake
from lake.people.accounts import User
from lake.readable import Readable
from lake.seen import Closed, closed_to
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
    target = get_target(lake.operations, name, user)
    version = version_of(lake, as_of) if as_of.strip() else lake.store.version()
    closed = closed_to(lake.operations, user, target_id=target.target_id)
    return Asked(target=target, version=version, closed=closed)


def given_curve(lake: Lake, asked: Asked, wanted: Selection) -> Curve:
    """Return the points of a target that are wanted, with what their frames know of them."""
    target, version = asked.target, asked.version
    target_id = target.target_id or 0
    points = asked.closed.open_points(lake.store.light_curve(target_id, as_of=version))
    if wanted.without_repeats:  # before anything is left out: the better archive may be what is left out
        points = points.filter(~is_repeat(points))
    points = wanted.chosen(points)
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
