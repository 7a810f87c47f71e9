"""The lake's tables: every column is named here once."""

from dataclasses import dataclass

import polars as pl

from engine.lightcurve import SCHEMA as LIGHT_CURVE_SCHEMA
from engine.photometry.facts import FACTS_SCHEMA
from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.verdict import NUMBERS_SCHEMA, STARS_SCHEMA

_SQL_TYPES: dict[type[pl.DataType], str] = {
    pl.Int64: "BIGINT",
    pl.UInt32: "UINTEGER",
    pl.Float64: "DOUBLE",
    pl.String: "VARCHAR",
    pl.Boolean: "BOOLEAN",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the lake: columns, and how its files are laid out."""

    name: str
    schema: dict[str, pl.DataType]
    partitioned_by: str = ""
    sorted_by: str = ""

    @property
    def sql_columns(self) -> dict[str, str]:
        """Return the SQL type of each column."""
        return {name: sql_type(dtype) for name, dtype in self.schema.items()}

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema)

    def in_order(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows in the order in which the table's files keep them."""
        return rows.sort(self.sorted_by.split(", "), nulls_last=True) if self.sorted_by else rows

    def rows(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rows with exactly the table's columns and types; missing columns become nulls.

        Raises
        ------
        ValueError
            A column is unknown to the table.
        """
        unknown = set(rows.columns) - set(self.schema)
        if unknown:
            raise ValueError(f"table {self.name} has no column {', '.join(sorted(unknown))}")
        return rows.select(
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in self.schema.items()
        )


def sql_type(dtype: pl.DataType) -> str:
    """Return the SQL type that keeps a column of this type exactly."""
    if isinstance(dtype, pl.List):
        return f"{sql_type(pl.String())}[]"
    return _SQL_TYPES[type(dtype)]


PHOTOMETRY = Table(
    name="photometry",
    schema=LIGHT_CURVE_SCHEMA,
    partitioned_by="bucket(16, target_id)",
    sorted_by="target_id, source, mjd",  # what one source gives alike lies together, and packs well
)

BATCHES = Table(
    name="batches",
    schema={
        "batch_id": pl.String(),
        "task": pl.String(),
        "source": pl.String(),
        "target_id": pl.Int64(),
        "code_version": pl.String(),
        "parameters": pl.String(),
        "raw_sha256": pl.String(),
        "made_mjd": pl.Float64(),
        "by": pl.String(),
    },
    sorted_by="made_mjd",
)

FRAMES = Table(
    name="frames",
    schema={
        "frame_id": pl.String(),
        "upload_id": pl.Int64(),
        "target_id": pl.Int64(),
        "file": pl.String(),
        "plane": pl.String(),  # "", or R, G, B of a one-shot-colour frame
        "status": pl.String(),  # measured, limit, rejected
        "code": pl.String(),
        "reason": pl.String(),
        "sentences": pl.List(pl.String()),
        "notes": pl.List(pl.String()),
        "dry_run": pl.Boolean(),
        **NUMBERS_SCHEMA,
        "solution_method": pl.String(),
        "solution_rms_arcsec": pl.Float64(),
        "solution_matched": pl.Int64(),
        "pixel_scale_arcsec": pl.Float64(),
        "wcs_header": pl.String(),
        "cutout_sha256": pl.String(),
        "raw_sha256": pl.String(),
        "facility": pl.String(),
        "camera": pl.String(),
        "observer": pl.String(),
        "calib_version": pl.String(),
        "flags": pl.UInt32(),
        **FACTS_SCHEMA,
        "stages_s": pl.String(),  # JSON: how long each stage of the reduction took
        "batch_id": pl.String(),
        "made_mjd": pl.Float64(),
    },
    sorted_by="target_id, mjd",
)

CALIBRATIONS = Table(
    name="calibrations",
    schema={
        "frame_id": pl.String(),
        "upload_id": pl.Int64(),
        "target_id": pl.Int64(),
        "band": pl.String(),
        "chosen": pl.Boolean(),
        "catalogue": pl.String(),
        "zero_point_mag": pl.Float64(),
        "zero_point_err_mag": pl.Float64(),
        "colour_term": pl.Float64(),
        "colour_term_err": pl.Float64(),
        "colour_bend": pl.Float64(),
        "colour_bend_err": pl.Float64(),
        "colour_name": pl.String(),  # such as "BP-RP"
        "colour_zero_mag": pl.Float64(),  # colour at which the zero point is quoted
        "scatter_mag": pl.Float64(),
        "intrinsic_mag": pl.Float64(),  # scatter beyond the stars' own errors
        "stars": pl.Int64(),
        "outlier_fraction": pl.Float64(),
        "is_good": pl.Boolean(),
        "probability": pl.Float64(),
        "spatial": pl.String(),  # JSON: the slope over the field, of the chosen band only
        "batch_id": pl.String(),
    },
)

FRAME_STARS = Table(
    name="frame_stars",
    schema={
        "frame_id": pl.String(),
        "upload_id": pl.Int64(),
        "target_id": pl.Int64(),
        **STARS_SCHEMA,
        "batch_id": pl.String(),
    },
    sorted_by="upload_id, frame_id",
)

REFERENCE_STARS = Table(
    name="reference_stars",
    schema={
        "cell": pl.Int64(),  # lake.references.NSIDE, nested
        "origin": pl.String(),  # "archive" or "file"
        **REFERENCE_SCHEMA,
        "batch_id": pl.String(),
    },
    sorted_by="cell, ref_id",
)

REFERENCE_CELLS = Table(
    name="reference_cells",
    schema={
        "cell": pl.Int64(),
        "stars": pl.Int64(),
        "made_mjd": pl.Float64(),
        "batch_id": pl.String(),
    },
)


def _shelf_of(table: Table) -> Table:
    """Return the table in which rows of other processings of the same uploads wait to be promoted."""
    own = {"upload_id": pl.Int64(), "processing": pl.String()}
    return Table(name=f"shelf_{table.name}", schema={**own, **table.schema}, sorted_by="upload_id")


SHELVES: dict[str, Table] = {  # by the name of the table whose place their rows may take
    table.name: _shelf_of(table) for table in (FRAMES, CALIBRATIONS, FRAME_STARS, PHOTOMETRY)
}

FILES_OF_FRAMES = """(
    SELECT target_id, raw_sha256, cutout_sha256, made_mjd FROM lake.frames
    UNION ALL SELECT target_id, raw_sha256, cutout_sha256, made_mjd FROM lake.shelf_frames
)"""  # which raw files frames speak of, whatever counts now

LAYOUTS = Table(  # which layouts the lake has had; the highest number is the one it has
    name="layouts",
    schema={"number": pl.Int64(), "code_version": pl.String(), "made_mjd": pl.Float64()},
)

TABLES: tuple[Table, ...] = (
    PHOTOMETRY,
    BATCHES,
    FRAMES,
    CALIBRATIONS,
    FRAME_STARS,
    REFERENCE_STARS,
    REFERENCE_CELLS,
    *SHELVES.values(),
    LAYOUTS,
)


def table_named(name: str) -> Table:
    """Return the table of a name."""
    return {table.name: table for table in TABLES}[name]
