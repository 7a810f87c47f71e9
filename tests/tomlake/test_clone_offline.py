"""`tomlake up` on a copy, in a network of its own in which there is nobody else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from api_server import running
from installations import opened_in
from public_lakes import add_points, add_target, published, quiet

from tomlake.clone import clone

ALONE = ["unshare", "--map-root-user", "--net"]  # a network with nothing but the machine itself
SCRIPT = """
import fcntl, json, socket, struct, subprocess, sys, time, urllib.error, urllib.request

with socket.socket() as any_socket:  # the loopback device begins switched off
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
    network = "open"
except OSError:
    network = "closed"
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
tomlake = subprocess.Popen([sys.executable, "-m", "tomlake.main", "up"], stdout=subprocess.PIPE, text=True)
deadline_s = time.monotonic() + 90
address = "http://127.0.0.1:8977"

def get(path):
    return opener.open(address + path, timeout=20).read().decode()

told = {"network": network}
try:
    while True:
        try:
            told["health"] = json.loads(get("/api/health"))["status"]
            break
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline_s and tomlake.poll() is None
            time.sleep(0.1)
    told["points"] = len(get("/download/Star.csv").splitlines()) - 1
    told["version"] = json.loads(get("/lake/latest/manifest.json"))["name"]
finally:
    tomlake.terminate()
    told["words"] = tomlake.communicate(timeout=60)[0]
print(json.dumps(told))
"""


@pytest.mark.alone
def test_a_copy_is_started_and_asked_without_any_network(tmp_path: Path) -> None:
    try:
        possible = subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        possible = False
    if not possible:
        pytest.skip("no network of one's own can be made here (unshare --net)")
    lake = opened_in(tmp_path / "data")
    add_points(lake, add_target(lake, "Star"), 40)
    version = published(lake).version.name
    with running(lake) as port:
        clone(f"http://127.0.0.1:{port}", tmp_path / "copy", progress=quiet)
    lake.close()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOMLAKE_")}
    done = subprocess.run(
        [*ALONE, sys.executable, "-c", SCRIPT],
        env={**kept, "TOMLAKE_DATA": str(tmp_path / "copy"), "TOMLAKE_PORT": "8977"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["network"], told["health"]) == ("closed", "ok")
    assert (told["points"], told["version"]) == (40, version)
    assert "http://127.0.0.1:8977/set_up?key=" in told["words"]
