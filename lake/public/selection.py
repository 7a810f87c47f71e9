"""What may be published at this moment: the targets that everybody may see, and what is said of them."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
import polars as pl
from astropy import units
from astropy_healpix import lonlat_to_healpix
from numpy.typing import NDArray
from sqlalchemy import Engine, and_, select, true

from lake.operations import observatories, reading, target_names, targets
from lake.public.schema import HEALPIX
from lake.rights import visible_to
from lake.seen import Closed, closed_within

HEALPIX_ORDER = 29

_TARGET_COLUMNS = (
    "target_id", "name", "ra_deg", "dec_deg", "epoch", "pm_ra_mas_yr", "pm_dec_mas_yr", "classification",
    "description", "discovery_mjd", "importance", "cadence_d", "simulated",
)  # fmt: skip
_TARGETS = {
    "target_id": pl.Int64(), "name": pl.String(), "ra_deg": pl.Float64(), "dec_deg": pl.Float64(),
    "epoch": pl.Float64(), "pm_ra_mas_yr": pl.Float64(), "pm_dec_mas_yr": pl.Float64(),
    "classification": pl.String(), "description": pl.String(), "discovery_mjd": pl.Float64(),
    "importance": pl.Float64(), "cadence_d": pl.Float64(), "simulated": pl.Boolean(),
}  # fmt: skip
_NAMES = {"name": pl.String(), "source": pl.String(), "target_id": pl.Int64()}
_THANKS = {"facility": pl.String(), "acknowledgement": pl.String()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Everything of the operational tables that may be published, read in one moment."""

    targets: pl.DataFrame  # by name, with the HEALPix cell of each
    names: pl.DataFrame
    thanks: pl.DataFrame  # facility and what its observatory wants to be thanked with
    closed: Closed  # uploads of these targets that are not open to everybody

    @property
    def target_ids(self) -> list[int]:
        """Return the numbers of the targets."""
        ids: list[int] = self.targets["target_id"].to_list()
        return ids

    @property
    def closed_files(self) -> list[str]:
        """Return the files whose points stay out, each as the target's number and the sha256."""
        return [f"{target_id}:{sha256}" for target_id, sha256 in sorted(self.closed.files)]

    @property
    def closed_uploads(self) -> list[int]:
        """Return the uploads whose frames stay out."""
        return sorted(self.closed.upload_ids)

    @property
    def mark(self) -> str:
        """Return what stands for this selection; another selection has another one."""
        frames = (self.targets, self.names, self.thanks)
        said: list[object] = [frame.rows() for frame in frames]
        text = json.dumps([*said, self.closed_uploads] if self.closed_uploads else said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def select_public(operations: Engine, *, with_simulated: bool) -> Selection:
    """Return the targets that anybody may see now: neither private nor under an embargo.

    This is the only door of the public lake: everything else is published because its target is here.
    """
    may_be_shown = visible_to(None)
    wanted = and_(may_be_shown, true() if with_simulated else targets.c.simulated.is_(False))
    shown = select(*(targets.c[name] for name in _TARGET_COLUMNS)).where(wanted).order_by(targets.c.name_key)
    aliases = (
        select(target_names.c.name, target_names.c.source, target_names.c.target_id)
        .join(targets, targets.c.target_id == target_names.c.target_id)
        .where(wanted)
        .order_by(target_names.c.name_key, target_names.c.source)
    )
    thanks = select(observatories.c.name, observatories.c.acknowledgement).where(
        observatories.c.acknowledgement != ""
    )
    with reading(operations) as connection:
        rows = [tuple(row) for row in connection.execute(shown)]
        alias_rows = [tuple(row) for row in connection.execute(aliases)]
        closed = closed_within(connection, None)
        thanks_rows = [tuple(row) for row in connection.execute(thanks.order_by(observatories.c.name_key))]
    found = pl.DataFrame(rows, schema=_TARGETS, orient="row")
    own_names = found.select("name", pl.lit("").alias("source"), "target_id")
    return Selection(
        targets=found.with_columns(_healpix(found)).sort("name"),
        names=pl.concat([own_names, pl.DataFrame(alias_rows, schema=_NAMES, orient="row")]).sort(
            "name", "source", "target_id"
        ),
        thanks=pl.DataFrame(thanks_rows, schema=_THANKS, orient="row"),
        closed=closed,
    )


def _healpix(found: pl.DataFrame) -> pl.Series:
    ra, dec = (found[name].to_numpy() * units.deg for name in ("ra_deg", "dec_deg"))
    cells: NDArray[np.int64] = lonlat_to_healpix(ra, dec, 2**HEALPIX_ORDER, order="nested")
    return pl.Series(HEALPIX, cells, dtype=pl.Int64())
