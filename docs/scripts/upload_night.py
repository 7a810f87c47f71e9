"""Upload every FITS file of a folder and print the verdicts.

    python upload_night.py https://tomlake.example night/ Gaia22dkv ROAD_QHY600M

The token stands in the variable TOMLAKE_TOKEN. Running it again sends nothing twice.
"""

import os
import sys
from pathlib import Path

import tomlake

ENDINGS = (".fits", ".fit", ".fts", ".fz", ".fits.gz")


def main(url: str, folder: str, target: str, observatory: str = "") -> None:
    """Send the files one after the other, then wait for each verdict."""
    portal = tomlake.connect(url, token=os.environ.get("TOMLAKE_TOKEN", ""))
    files = sorted(path for path in Path(folder).iterdir() if path.name.lower().endswith(ENDINGS))
    sent = []
    for path in files:
        upload = portal.upload(path, target=target, observatory=observatory, progress=show)
        print(f"{path.name}: upload {upload['upload_id']}")
        sent.append(upload["upload_id"])
    if os.environ.get("TOMLAKE_NO_WAIT"):
        return
    for upload_id in sent:
        verdict = portal.wait(upload_id)
        print(f"{verdict['filename']}: {verdict['status']} {verdict['reason']}")


def show(done_bytes: int, all_bytes: int) -> None:
    """Draw one line of progress."""
    print(f"\r{100 * done_bytes // max(all_bytes, 1):3d} %", end="\r", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
