"""Tests that ask live archives run only by hand: ``pytest tests/online -m online``."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out unless they are asked for by their mark."""
    return None if config.getoption("markexpr") == "online" else True
