"""Fixtures that every room's tests share, and the list of what could not be tested here."""

import os
import shutil
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
# a busy machine is no failure; in CI the same code gets the same answer, elsewhere the search goes on
settings.register_profile("tomlake", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tomlake")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real recorded data beside the project; skip where it is missing."""
    if not SHARED.is_dir():
        pytest.skip("real recorded data are not here: no folder ../shared/data")
    return SHARED


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of a Chromium; skip where none is installed."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(f"no browser here: none of {', '.join(BROWSERS)}")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Name everything that could not be tested here, with its reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        terminalreporter.write_line("Everything could be tested here.")
        return
    terminalreporter.section("NOT TESTED HERE")
    for report in skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        terminalreporter.write_line(f"{report.nodeid}: {reason.removeprefix('Skipped: ')}")
