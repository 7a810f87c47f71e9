"""The hand-made answers of archives."""

from pathlib import Path

import pytest

ANSWERS = Path(__file__).resolve().parent.parent.parent / "data" / "brokers"


@pytest.fixture(scope="session")
def answers() -> Path:
    """Return the folder of hand-made answers."""
    return ANSWERS
