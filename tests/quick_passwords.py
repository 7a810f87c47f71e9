"""Passwords that cost nothing to keep: what a hash costs is tested with the accounts, where each is kept."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from argon2 import PasswordHasher

from lake.people import accounts


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Hash with the least work that argon2 knows; a whole hash takes 0.2 s of the processor."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(accounts, "_HASHER", quick)
        patches.setattr(accounts, "_NOBODY", quick.hash("nobody's"))
        yield
