"""Light curves of many targets written as one CSV file."""

from pathlib import Path

import polars as pl

from lake.opening import Lake
from lake.provenance import new_batch
from lake.tables import PHOTOMETRY

TARGETS = range(1, 1203)  # three parts
BATCH = new_batch("test", "ztf")


def points(mag: float) -> pl.DataFrame:
    ids = pl.Series("target_id", TARGETS)
    words = ["plain", "Zoë, Ada", 'the "red" one', "two\nlines", "", None]
    return pl.DataFrame(
        {
            "target_id": ids,
            "source": "ztf",
            "source_ref": ids.cast(pl.String()),
            "mjd": 60000.0 + ids / 7,
            "band": "ZTF(zg)",
            "mag": mag + ids / 3e5,
            "mag_err": 1e-7 / ids,
            "observer": [words[each % 6] for each in TARGETS],
        }
    )


def test_a_file_of_many_targets_is_the_table_of_one_version(lake: Lake, tmp_path: Path) -> None:
    version = lake.store.ingest(points(17.0), batch=BATCH)
    expected = lake.store.light_curves(list(TARGETS))
    lake.store.ingest(points(18.0), batch=new_batch("test", "ztf"))
    file = tmp_path / "points.csv"

    lake.store.at(version).write_csv([7, 5000, *reversed(TARGETS)], file)

    assert len(expected) == len(TARGETS)
    assert file.read_text() == expected.write_csv()
    assert pl.read_csv(file, schema=PHOTOMETRY.schema).equals(expected)


def test_a_file_without_points_has_its_header(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "points.csv"

    lake.store.at(lake.store.version()).write_csv([], file)

    assert file.read_text() == ",".join(PHOTOMETRY.schema) + "\n"
