"""Verdicts as one table, a row for each frame: what is written for spreadsheets and programs."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from engine.errors import Rejected
from engine.photometry.facts import FACTS_SCHEMA
from engine.photometry.verdict import NUMBERS_SCHEMA, Reduction

RESULTS_SCHEMA: dict[str, pl.DataType] = {
    "file": pl.String(),
    "plane": pl.String(),
    "status": pl.String(),
    "code": pl.String(),
    "reason": pl.String(),
    **NUMBERS_SCHEMA,
    "flags": pl.UInt32(),
    "calib_version": pl.String(),
    **FACTS_SCHEMA,
}


def results_table(reductions: Sequence[Reduction]) -> pl.DataFrame:
    """Return the verdicts in ``RESULTS_SCHEMA``, in their order."""
    rows = [
        {
            name: getattr(each.facts if name in FACTS_SCHEMA else each, name)
            for name in RESULTS_SCHEMA
            if name != "status"
        }
        | {"status": str(each.status)}
        for each in reductions
    ]
    return pl.DataFrame(rows, schema=RESULTS_SCHEMA)


def write_results(reductions: Sequence[Reduction], path: Path) -> None:
    """Write the verdicts to a file: Parquet where its name says so, CSV otherwise.

    Raises
    ------
    Rejected
        ``no-write-access``
    """
    table = results_table(reductions)
    try:
        if path.suffix.lower() == ".parquet":
            table.write_parquet(path)
        else:
            table.write_csv(path)
    except OSError as error:
        raise Rejected(
            f"{path} cannot be written ({error.strerror or error}).", code="no-write-access"
        ) from error
