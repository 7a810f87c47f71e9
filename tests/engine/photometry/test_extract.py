"""Sources are cut out of an image with little memory, and with more where they need it."""

import numpy as np
import pytest

from engine.photometry import extract


def test_a_source_that_fills_the_small_stack_is_found_with_the_large_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extract, "LEAST_PIXEL_STACK", 100)
    signal = np.random.default_rng(1).normal(0.0, 1.0, (200, 200)).astype(np.float32)
    signal[60:140, 60:140] += 50.0  # a sixth of the image

    found, segments = extract.extracted(signal, unusable=np.zeros(signal.shape, dtype=np.bool_))

    assert found["npix"].max() >= 80 * 80
    assert np.count_nonzero(segments == 1 + int(np.argmax(found["npix"]))) >= 80 * 80


def test_segments_are_numbered_anew_where_they_lie() -> None:
    segments = np.array([[0, 1, 2], [2, 3, 3]], dtype=np.int32)

    extract.renumber(segments, np.array([0, 2, 0, 1], dtype=np.int32))

    assert segments.tolist() == [[0, 2, 0], [0, 1, 1]]
