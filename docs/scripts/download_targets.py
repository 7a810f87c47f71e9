"""Download the light curves of all targets that you made, one file each.

    python download_targets.py https://tomlake.example YOUR_NAME curves/ csv

The token stands in the variable TOMLAKE_TOKEN. Formats: json, csv, parquet, votable, fits, aavso,
skyportal, tom.
"""

import os
import sys
from pathlib import Path

import polars as pl

import tomlake


def main(url: str, username: str, folder: str, wanted: str = "csv") -> None:
    """Write each light curve to a file named by its target."""
    portal = tomlake.connect(url, token=os.environ.get("TOMLAKE_TOKEN", ""))
    Path(folder).mkdir(parents=True, exist_ok=True)
    mine = portal.targets().filter(pl.col("created_by") == username)
    for name in mine["name"]:
        path = portal.download(name, Path(folder) / f"{name}.{wanted}", format=wanted)
        print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
