"""A running tomlake as the flows see it: its address, its commands, and the way in."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import requests
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "a long enough password"
START_TIMEOUT_S = 120.0
TIMEOUT_MS = 120_000  # a busy machine is no failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A running tomlake with its own data folder."""

    url: str
    environment: dict[str, str]
    process_id: int = 0  # of `tomlake up`

    def command(self, *words: str) -> str:
        """Return what a `tomlake` command prints; it must succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "tomlake.main", *words],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wait_until_it_answers(self) -> None:
        """Wait for the portal's first answer."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert psutil.Process(self.process_id).status() != psutil.STATUS_ZOMBIE, "tomlake ended by itself"
            try:
                if requests.get(f"{self.url}/api/health", timeout=2).ok:
                    return
            except requests.RequestException:
                time.sleep(0.1)
        pytest.fail(f"{self.url} did not answer within {START_TIMEOUT_S:.0f} s")

    def kill_portal(self) -> None:
        """Kill the web program, as a machine without memory would; the supervisor starts another."""
        children = psutil.Process(self.process_id).children()
        (portal,) = (child for child in children if "portal.serve" in child.cmdline())
        portal.kill()
        psutil.wait_procs([portal], timeout=10)


def sign_in(page: Page, installation: Installation) -> None:
    """Sign Caroline in by the form that people use."""
    page.goto(f"{installation.url}/account")
    page.get_by_label("User name").fill("caroline")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Caroline Herschel").wait_for()
