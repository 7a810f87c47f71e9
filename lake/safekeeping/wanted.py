"""What of the raw store belongs to a lake."""

import re
import sqlite3
from contextlib import closing

import polars as pl

from lake.opening import Lake
from lake.safekeeping.moment import Moment
from lake.safekeeping.place import Place
from lake.tables import FILES_OF_FRAMES

STORE = "store"
RAW = "raw"
_RAW_FILE = re.compile(r"[0-9a-f]{2}/[0-9a-f]{64}\.zst")
# An upload's papers outlive the upload; its file does not.
_USED = f"""
SELECT raw_sha256 AS sha256 FROM lake.batches WHERE source <> 'upload'
UNION SELECT raw_sha256 FROM {FILES_OF_FRAMES} AS f
UNION SELECT cutout_sha256 FROM {FILES_OF_FRAMES} AS f
"""  # noqa: S608 - our own words


def raw_files(place: Place) -> list[str]:
    """Return the path of every raw file that is kept."""
    return sorted(path for path in place.sizes() if _RAW_FILE.fullmatch(path))


def used_raw_files(lake: Lake, moment: Moment) -> set[str]:
    """Return the path of every raw file that the lake's rows or uploads speak of."""
    with closing(sqlite3.connect(moment.operations)) as connection:
        sent = {sha256 for (sha256,) in connection.execute("SELECT sha256 FROM uploads")}
    hashes = sent | set(lake.store.read(_USED)["sha256"].cast(pl.String()).drop_nulls())
    return {f"{sha256[:2]}/{sha256}.zst" for sha256 in hashes if sha256}
