"""A small lake with files of every kind: data, delete and raw files, old versions, papers of every row."""

from pathlib import Path

import polars as pl

from engine.target import Target
from lake.opening import Lake
from lake.provenance import new_batch
from lake.targets import create_target
from lake.trace.catalog_check import catalog_state
from lake.trace.catch_up import seal_all
from lake.trace.seals import seal_new
from lake.trace.verify import Verdict, Verification

TARGETS = 3


def quietly(step: str, fraction: float) -> None:
    """Take what is told of the progress and say nothing."""
    assert step
    assert 0.0 <= fraction <= 1.0


def points_of(target_id: int, n: int, *, mag: float = 17.0) -> pl.DataFrame:
    numbers = pl.int_range(n, eager=True)
    return pl.DataFrame({"source_ref": numbers.cast(pl.String), "mjd": 60000.0 + numbers}).with_columns(
        target_id=pl.lit(target_id), source=pl.lit("ztf"), band=pl.lit("ZTF(zg)"), mag=pl.lit(mag)
    )


def add_points(lake: Lake, target_id: int, n: int, *, mag: float = 17.0) -> int:
    """Return the version after adding points, which take the place of those with the same numbers."""
    raw_sha256 = lake.raw.put(f"answer about {target_id}: {n} {mag}".encode() * 20)
    batch = new_batch("harvest", "ztf", target_id=target_id, raw_sha256=raw_sha256, by="ada")
    return lake.store.append_points(points_of(target_id, n, mag=mag), batch=batch)


def fill(lake: Lake) -> None:
    """Write a few versions, with whole and partial replacements."""
    for number in range(TARGETS):
        star = Target(name=f"Star {number + 1}", ra_deg=40.0 * number, dec_deg=5.0)
        target = create_target(lake.operations, star, by="ada")
        add_points(lake, target.target_id or 0, 30)
    add_points(lake, 1, 5, mag=18.0)  # a delete file
    add_points(lake, 1, 8, mag=18.5)  # a greater one in its place
    add_points(lake, 2, 30, mag=19.0)  # a whole file ends


def seal(lake: Lake) -> int:
    """Return how many lines the seal of the newest version added."""
    return seal_new(lake.store.backend, lake.operations, lake.store.version())


def seal_everything(lake: Lake) -> None:
    told = seal_all(lake.store.backend, lake.operations, lake.raw, quietly)
    assert told.unsound == ()


def verdict(lake: Lake, *, quick: bool = False) -> Verdict:
    return Verification(
        backend=lake.store.backend, operations=lake.operations, raw=lake.raw, quick=quick, told=quietly
    ).run()


def sentences(lake: Lake, *, quick: bool = False) -> list[str]:
    return [damage.sentence for damage in verdict(lake, quick=quick).damages]


def kept_files(lake: Lake) -> list[Path]:
    """Return every file that holds a part of the lake's data, for tests in a folder."""
    store, raw = Path(lake.settings.store_url), Path(lake.settings.raw_url)
    paths = [file.path for file in catalog_state(lake.store.backend.catalog).files.values()]
    return [*(store / path for path in paths), *sorted(raw.glob("??/*.zst"))]


def flip(file: Path, offset: int, bits: int) -> None:
    """Change one byte of a file; doing it twice undoes it."""
    body = bytearray(file.read_bytes())
    body[offset] ^= bits
    file.write_bytes(body)
