"""Two ``tomlake up`` on one lake: everything is done once, whoever does it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from installations import settings_in
from servers import free_port

from engine.target import Target
from lake.inbox.accepting import uploads
from lake.opening import open_lake
from lake.people.accounts import create_user, issue_token
from lake.settings import Settings, child_environment
from lake.targets import create_target

pytestmark = pytest.mark.alone

ROOT = Path(__file__).resolve().parents[2]
FILES, WAIT_S = 6, 120.0


def up(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    """Start everything on a port."""
    environment = {**child_environment(settings), "TOMLAKE_PORT": str(port), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tomlake.main", "up", "--no-demo"]
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def answers(port: int) -> bool:
    """Return whether a portal is ready."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_two_installations_started_on_one_lake_do_everything_once(
    tmp_path: Path, figure: Callable[[str, str], None]
) -> None:
    settings = settings_in(tmp_path / "data")
    lake = open_lake(settings)
    user = create_user(lake.operations, "ada", "long enough")
    token = issue_token(lake.operations, user, name="test")
    create_target(lake.operations, Target(name="T1", ra_deg=10.0, dec_deg=20.0), by="ada")
    ports = (free_port(), free_port())
    processes = [up(settings, port) for port in ports]
    try:
        for port in ports:
            until(lambda port=port: answers(port))
        for number in range(FILES):
            sent = httpx.post(
                f"http://127.0.0.1:{ports[number % 2]}/upload/",
                headers={"Authorization": f"Token {token}"},
                data={"target": "T1", "filter": "any", "data_product_type": "fits_file", "observatory": ""},
                files={"files": (f"{number}.fits", f"no image {number}".encode())},
                timeout=60,
                trust_env=False,
            )
            assert sent.status_code == 201, sent.text
        until(lambda: all(each.status == "rejected" for each in uploads(lake.operations, user)))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(30) for process in processes]
    frames = lake.store.read("SELECT upload_id, count(*) AS n FROM lake.frames GROUP BY 1")
    assert frames["n"].to_list() == [1] * FILES
    assert codes == [0, 0]
    lake.close()
    figure("two `tomlake up` on one lake", f"{FILES} uploads, each done once; both stopped cleanly")
