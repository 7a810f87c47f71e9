"""The page docs/lake-schema.md: every column of the lake with type, unit and meaning.

``python -m lake.schema_page > docs/lake-schema.md`` writes it.
"""

import sys

from lake.public.schema import PUBLIC_TABLES
from lake.tables import SHELVES, TABLES, Table, sql_type

# Columns that are not published; a table's own entry goes before the one for all tables ("").
_INTERNAL: dict[tuple[str, str], tuple[str, str]] = {
    ("", "target_id"): ("", "number of the target"),
    ("", "batch_id"): ("", "the papers: a row of `batches`"),
    ("", "upload_id"): ("", "number of the upload"),
    ("", "frame_id"): ("", "one plane of one upload"),
    ("", "code_version"): ("", "version of tomlake"),
    ("batches", "by"): ("", "user, or the job that did it; never published"),
    ("frames", "file"): ("", "name of the uploaded file; never published"),
    ("frames", "dry_run"): ("", "the verdict was kept, no point was made"),
    ("frames", "cutout_sha256"): ("", "the pixels round the target, among the raw files"),
    ("frame_stars", "x"): ("pix", "column, from 0"),
    ("frame_stars", "y"): ("pix", "row, from 0"),
    ("", "ref_id"): ("", "the reference star"),
    ("", "ra_deg"): ("deg", "ICRS"),
    ("", "dec_deg"): ("deg", "ICRS"),
    ("frame_stars", "inst_mag"): ("mag", "instrumental magnitude, 1 ADU/s = 0"),
    ("frame_stars", "inst_mag_err"): ("mag", "1 sigma"),
    ("frame_stars", "ref_mag"): ("mag", "reference magnitude in the frame's band"),
    ("frame_stars", "residual_mag"): ("mag", "reference minus standardised magnitude"),
    ("frame_stars", "used"): ("", "whether the star calibrated the frame"),
    ("frame_stars", "flags"): ("", "sum of bits; see lake.md"),
    ("", "cell"): ("", "HEALPix cell, nside 32, nested"),
    ("reference_stars", "origin"): ("", "`archive`, or `file` for stars loaded by hand"),
    ("reference_stars", "epoch"): ("yr", "Julian year of the position"),
    ("reference_stars", "pm_ra_mas_yr"): ("mas/yr", "proper motion, includes cos(dec)"),
    ("reference_stars", "pm_dec_mas_yr"): ("mas/yr", "proper motion"),
    ("reference_stars", "bp_rp_mag"): ("mag", "Gaia colour BP - RP"),
    ("reference_stars", "variable"): ("", "known to vary"),
    ("reference_stars", "catalogue"): ("", "where the star comes from"),
    ("reference_stars", "band"): ("", "standard band; null where only the position is known"),
    ("reference_stars", "mag"): ("mag", "magnitude in the band"),
    ("reference_stars", "mag_err"): ("mag", "1 sigma"),
    ("reference_cells", "stars"): ("", "stars that the archive gave"),
    ("", "made_mjd"): ("d", "when it was made, MJD, UTC"),
    ("layouts", "number"): ("", "layout; the highest number is the one the lake has"),
}
_HEAD = """# Every column of the lake

Times are MJD in UTC at the middle of the exposure unless a name says otherwise; positions are ICRS degrees;
missing is null. Files are Parquet, zstd, row groups of 20,480 rows. `python -m lake.schema_page` writes this
page.
"""


def schema_page() -> str:
    """Return the page."""
    shelves = SHELVES.values()
    return _HEAD + "".join(_section(table) for table in TABLES if table not in shelves) + _shelves()


def _shelves() -> str:
    names = ", ".join(f"`{shelf.name}`" for shelf in SHELVES.values())
    return (
        "\n## The shelf\n"
        f"{names}:\n"
        "what other processings of the same uploads gave (`tomlake recalibrate`). They have the columns\n"
        "of the tables whose rows' place they may take, and two more: `upload_id`, and `processing`, the\n"
        "name of code and parameters as in `calib_version`.\n"
    )


def _section(table: Table) -> str:
    layout = [
        f"partitioned by `{table.partitioned_by}`" if table.partitioned_by else "",
        f"sorted by `{table.sorted_by}`" if table.sorted_by else "",
    ]
    told = ", ".join(each for each in layout if each) or "in order of arrival"
    rows = "\n".join(
        f"| `{name}` | {sql_type(dtype)} | {' | '.join(_facts(table.name, name))} |"
        for name, dtype in table.schema.items()
    )
    title = f"\n## {table.name}\n{told[0].upper()}{told[1:]}.\n\n"
    return f"{title}| column | type | unit | meaning |\n|---|---|---|---|\n{rows}\n"


def _facts(table: str, column: str) -> tuple[str, str]:
    published = {
        (each.name, fact.name): (fact.unit, fact.description)
        for each in PUBLIC_TABLES
        for fact in each.columns
    }
    known = _INTERNAL | published
    return known.get((table, column)) or known["", column]


if __name__ == "__main__":
    sys.stdout.write(schema_page())
