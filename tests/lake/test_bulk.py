"""Points by the hundred thousand are written into files first, and lie where others are looked for."""

from pathlib import Path

import polars as pl
from installations import needs_folder, opened_in

from lake.bulk import FEWEST_ROWS
from lake.points.buckets import bucket_of
from lake.provenance import new_batch

pytestmark = [needs_folder]

TARGETS = 300
EACH = 400
BY_FILE = (
    "SELECT filename, list(DISTINCT target_id) AS targets, count(*) AS n FROM lake.photometry GROUP BY 1"
)


def many_points(mag: float) -> pl.DataFrame:
    """Return points in a mixed order."""
    number = pl.int_range(TARGETS * EACH, eager=True).cast(pl.Int64).shuffle(7)
    return pl.DataFrame(
        {
            "target_id": number % TARGETS,
            "source": "ztf",
            "source_ref": number.cast(pl.String()),
            "mjd": 60000.0 + number % 977,
            "band": "ZTF(zg)",
            "mag": mag + number % 7 / 10,
        }
    )


def test_many_points_are_found_replaced_and_remembered(tmp_path: Path) -> None:
    assert TARGETS * EACH >= FEWEST_ROWS
    lake = opened_in(tmp_path / "[night] *?")  # a folder whose name looks like a pattern
    first = lake.store.ingest(many_points(17.0), batch=new_batch("test", "ztf"))
    assert lake.store.ingest(many_points(17.0), batch=new_batch("test", "ztf")) == first, "nothing is new"
    old = lake.store.light_curve(7)
    batch = new_batch("test", "ztf")
    lake.store.ingest(many_points(18.0), batch=batch)

    new = lake.store.light_curve(7)
    assert len(new) == len(old) == EACH
    assert new["mag"].to_list() == (old["mag"] + 1.0).to_list()
    assert set(new["batch_id"]) == {batch.batch_id}
    assert lake.store.light_curve(7, as_of=first).equals(old)
    assert lake.store.read("SELECT count(*) FROM lake.photometry").item() == TARGETS * EACH
    for name, targets, _ in lake.store.read(BY_FILE).iter_rows():
        bucket = int(Path(str(name)).parent.name.removeprefix("bucket="))
        assert {bucket_of(each, 16) for each in targets} == {bucket}
        assert str(name).endswith(f"{bucket:08x}.parquet"), "not written before the turn"
    lake.close()
