"""Which bucket of the partition ``bucket(n, target_id)`` a target is in; the hash is Apache Iceberg's.

Iceberg table specification, appendix B: Murmur3, 32 bits, of the eight bytes of the number, least first.
"""

_WORD = 0xFFFFFFFF
_BYTES = 8


def bucket_of(target_id: int, buckets: int) -> int:
    """Return the bucket, counted from 0."""
    return (_murmur3(target_id) & 0x7FFFFFFF) % buckets


def _murmur3(number: int) -> int:
    state = 0
    for word in (number & _WORD, (number >> 32) & _WORD):
        mixed = _rotated(word * 0xCC9E2D51 & _WORD, 15) * 0x1B873593 & _WORD
        state = (_rotated(state ^ mixed, 13) * 5 + 0xE6546B64) & _WORD
    state ^= _BYTES
    state = (state ^ state >> 16) * 0x85EBCA6B & _WORD
    state = (state ^ state >> 13) * 0xC2B2AE35 & _WORD
    return state ^ state >> 16


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (32 - bits)) & _WORD
