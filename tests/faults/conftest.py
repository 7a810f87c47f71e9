"""How hard the faults strike, and the figures that docs/lake.md quotes."""

import os
from collections.abc import Callable, Iterator

import pytest
from _pytest.terminal import TerminalReporter

FIGURES: list[tuple[str, str]] = []


@pytest.fixture(scope="session")
def kills() -> int:
    """Return how many processes are killed: a few in the gate, 200 and more by ``make faults``."""
    return int(os.environ.get("TOMLAKE_FAULT_KILLS", "12"))


@pytest.fixture
def figure() -> Iterator[Callable[[str, str], None]]:
    """Return a function that notes what was measured."""

    def note(fault: str, found: str) -> None:
        FIGURES.append((fault, found))

    yield note


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the figures as a table."""
    if FIGURES:
        terminalreporter.section("FAULTS")
        terminalreporter.write_line("| fault | afterwards |\n|---|---|")
        for fault, found in FIGURES:
            terminalreporter.write_line(f"| {fault} | {found} |")
