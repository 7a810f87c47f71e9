"""A running tomlake as the flows see it: its address, its commands, and the way in."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "a long enough password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A running tomlake with its own data folder."""

    url: str
    environment: dict[str, str]

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


def sign_in(page: Page, installation: Installation) -> None:
    """Sign Caroline in by the form that people use."""
    page.goto(f"{installation.url}/account")
    page.get_by_label("User name").fill("caroline")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Caroline Herschel").wait_for()
