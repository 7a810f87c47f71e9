"""Fixtures that every room's tests share."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of real recorded data beside the project; skip where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"real recorded data are not here: no folder {SHARED}")
    return SHARED
