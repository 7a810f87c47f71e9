"""Watch a folder and upload each new FITS file once it stops growing.

    python watch_folder.py https://tomlake.example incoming/ Gaia22dkv ROAD_QHY600M

The token stands in the variable TOMLAKE_TOKEN. Ctrl-C ends it.
"""

import os
import sys
import time
from pathlib import Path

import tomlake
from engine.errors import Rejected, Transient

ENDINGS = (".fits", ".fit", ".fts", ".fz", ".fits.gz")
EVERY_S = 5.0


def main(url: str, folder: str, target: str, observatory: str = "") -> None:
    """Look again and again; the camera's program may still write what has just appeared."""
    portal = tomlake.connect(url, token=os.environ.get("TOMLAKE_TOKEN", ""))
    done: set[Path] = set()
    sizes: dict[Path, int] = {}
    while True:
        for path in sorted(Path(folder).iterdir()):
            if path in done or not path.name.lower().endswith(ENDINGS):
                continue
            size_bytes = path.stat().st_size
            if size_bytes and sizes.get(path) == size_bytes:
                send(portal, path, target, observatory, done)
            sizes[path] = size_bytes
        time.sleep(EVERY_S)


def send(portal: tomlake.Portal, path: Path, target: str, observatory: str, done: set[Path]) -> None:
    """Send one file; a refusal is told once, an outage is tried again at the next look."""
    try:
        upload = portal.upload(path, target=target, observatory=observatory)
        print(f"{path.name}: upload {upload['upload_id']}")
        done.add(path)
    except Rejected as refusal:
        print(f"{path.name}: {refusal.reason}")
        done.add(path)
    except Transient as error:
        print(f"{path.name}: {error.reason} Trying again.")


if __name__ == "__main__":
    main(*sys.argv[1:])
