"""Inner loops compiled to machine code, once for all processes where a folder can keep the result."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Return the function compiled when it is first called; others run meanwhile.

    Without a folder to write to, beside the code or in the user's cache, every process compiles anew.
    """
    try:
        fast: Callable[Parameters, Result] = njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba found no such folder
        fast = njit(nogil=True)(function)
    return fast
