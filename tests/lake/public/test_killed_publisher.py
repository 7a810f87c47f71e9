"""A publisher that is killed leaves every version whole, and the next one finishes and clears up."""

import hashlib
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from installations import needs_folder, opened_in
from public_lakes import add_points, add_target, everything_published, published

from lake.opening import Lake
from lake.public.place import Place
from lake.public.versions import manifest, versions

KILLS = 5
SCRIPT = """
import sys
from lake.opening import open_lake
from lake.public.publish import Terms, publish
from lake.settings import read_settings
lake = open_lake(read_settings({"TOMLAKE_DATA": sys.argv[1]}))
print("ready", flush=True)
for number in range(10_000):
    publish(lake, Terms(), name=f"{sys.argv[2]}-{number}", progress=lambda _words, _done: None)
"""


def is_whole(lake: Lake) -> bool:
    """Return whether every listed version has every byte of every file."""
    place = Place(lake.settings)
    for version in versions(place):
        for file in manifest(place, version).files:
            if hashlib.sha256(place.read(file.place) or b"").hexdigest() != file.sha256:
                return False
    return True


@pytest.mark.alone
@needs_folder
def test_a_killed_publisher_leaves_whole_versions_only(tmp_path: Path) -> None:
    lake = opened_in(tmp_path / "data")
    for number in range(6):
        add_points(lake, add_target(lake, f"Star{number}"), 50)
    published(lake, name="first")
    rng = random.Random(5)
    for kill in range(KILLS):
        add_points(lake, add_target(lake, f"New{kill}"), 20)
        arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "data"), f"v{kill}"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as publisher:
            assert publisher.stdout is not None
            assert publisher.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0.0, 0.6))
            publisher.kill()
        assert is_whole(lake)
    (tmp_path / "data" / "spool" / "publish-killed").mkdir()
    (tmp_path / "data" / "public" / ".half-killed").write_bytes(b"half")
    last = published(lake, name="last")
    assert last.version.targets == 6 + KILLS
    assert is_whole(lake)
    place = Place(lake.settings)
    told = [manifest(place, version) for version in versions(place)]
    needed = {file.place for each in told for file in each.files} | {
        f"v/{each.name}/manifest.json" for each in told
    }
    root = f"{lake.settings.publish_url}/"
    assert {path.removeprefix(root) for path in everything_published(lake)} == needed | {"versions.json"}
    assert not list((tmp_path / "data" / "spool").glob("publish-*"))
    lake.close()
