"""Which bucket of the partition ``bucket(n, target_id)`` a target is in; the hash is Apache Iceberg's.

Iceberg table specification, appendix B: Murmur3, 32 bits, of the eight bytes of the number, least first.
"""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

_WORD = 0xFFFFFFFF
_BYTES = 8
_Word = TypeVar("_Word", int, npt.NDArray[Any])  # of uint64; 32 bits are used: products fit


def bucket_of(target_id: int, buckets: int) -> int:
    """Return the bucket, counted from 0."""
    return (_murmur3(target_id & _WORD, (target_id >> 32) & _WORD) & 0x7FFFFFFF) % buckets


def buckets_of(target_ids: npt.NDArray[np.int64], buckets: int) -> npt.NDArray[np.int64]:
    """Return the bucket of each target, counted from 0."""
    bits = target_ids.astype(np.int64, copy=False).view(np.uint64)
    state = _murmur3(bits & _WORD, bits >> 32)
    return ((state & 0x7FFFFFFF) % buckets).astype(np.int64)


def _murmur3(low: _Word, high: _Word) -> _Word:
    state = low & 0
    for word in (low, high):
        mixed = _rotated(word * 0xCC9E2D51 & _WORD, 15) * 0x1B873593 & _WORD
        state = (_rotated(state ^ mixed, 13) * 5 + 0xE6546B64) & _WORD
    state = state ^ _BYTES
    state = (state ^ state >> 16) * 0x85EBCA6B & _WORD
    state = (state ^ state >> 13) * 0xC2B2AE35 & _WORD
    return state ^ state >> 16


def _rotated(word: _Word, bits: int) -> _Word:
    return (word << bits | word >> (32 - bits)) & _WORD
