"""Inner loops compiled to machine code, once for all processes where a folder can keep the result."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


ANY_ORDER = {"reassoc", "nsz", "contract"}  # of what is summed up; numbers that are none stay what they are


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the function compiled when it is first called; others run meanwhile.

    Without a folder to write to, beside the code or in the user's cache, every process compiles anew.
    """
    return _compiled(function, fastmath=False)


def summing(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the function compiled, its sums taken in whatever order is quick."""
    return _compiled(function, fastmath=ANY_ORDER)


def _compiled(
    function: Callable[Parameters, Result], *, fastmath: bool | set[str]
) -> Callable[Parameters, Result]:
    try:
        fast: Callable[Parameters, Result] = njit(cache=True, nogil=True, fastmath=fastmath)(function)
    except RuntimeError:  # numba found no such folder
        fast = njit(nogil=True, fastmath=fastmath)(function)
    return fast
