"""One light curve out of a million points: the lake, against polars reading one sorted Parquet file."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from engine.lightcurve import SCHEMA, light_curve
from lake.opening import open_lake
from lake.provenance import new_batch
from lake.settings import read_settings
from lake.store import Replacement

TARGETS, POINTS_EACH, RUNS = 1000, 1000, 60


def points_of(target_id: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return made-up points of one target."""
    mjd = np.sort(rng.uniform(58000.0, 61000.0, POINTS_EACH))
    return light_curve(
        pl.DataFrame(
            {
                "target_id": target_id,
                "source": "bench",
                "source_ref": [str(number) for number in range(POINTS_EACH)],
                "mjd": mjd,
                "band": rng.choice(["ZTF(zg)", "ZTF(zr)"], POINTS_EACH),
                "mag": rng.normal(18.0, 0.2, POINTS_EACH),
                "mag_err": 0.05,
                "facility": "bench",
            },
            strict=False,
        )
    )


def median_ms(read: Callable[[int], object], rng: np.random.Generator) -> float:
    """Return the median time of reading one light curve, each of another target."""
    times = []
    for target_id in rng.permutation(TARGETS)[:RUNS]:
        began = time.perf_counter()
        read(int(target_id))
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    rng = np.random.default_rng(1)
    tables = [points_of(target_id, rng) for target_id in range(TARGETS)]
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(read_settings({"TOMLAKE_DATA": folder}))
        for start in range(0, TARGETS, 50):
            some = range(start, start + 50)
            replacements = [Replacement(target_id=i, source="bench", points=tables[i]) for i in some]
            lake.store.replace_many(replacements, batch=new_batch("bench", "bench"))
        single = Path(folder) / "all.parquet"
        together = pl.concat(tables).select(*SCHEMA).sort("target_id", "mjd")
        together.write_parquet(single, row_group_size=20_480)
        scan = pl.scan_parquet(single)
        ours = median_ms(lake.store.light_curve, rng)
        theirs = median_ms(lambda target_id: scan.filter(pl.col("target_id") == target_id).collect(), rng)
        lake.close()
    print("| one light curve of 1,000 among 1,000,000 points | median ms |")
    print("|---|---|")
    print(f"| tomlake: transactions, versions, 20 commits not yet merged | {ours:.1f} |")
    print(f"| polars: one sorted file, no transactions | {theirs:.1f} |")
    print(f"| ratio | {ours / theirs:.1f} |")


if __name__ == "__main__":
    main()
