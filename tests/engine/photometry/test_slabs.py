"""A frame worked through in slabs of rows is the frame: every row once, and nothing changes at the seams."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.photometry.cleaning import cosmic_rays
from engine.photometry.slabs import Slab, slabs


@given(ny=st.integers(1, 300), margin_pix=st.integers(0, 40), slab_rows=st.integers(1, 120))
def test_every_row_is_a_slabs_own_once_and_has_its_margin(ny: int, margin_pix: int, slab_rows: int) -> None:
    rows = np.arange(ny)
    own = []
    for slab in slabs(ny, margin_pix=margin_pix, slab_rows=slab_rows):
        looked_at = rows[slab.rows]
        assert (looked_at[slab.own] == rows[slab.at]).all()
        assert looked_at[0] == max(0, slab.at.start - margin_pix)
        assert looked_at[-1] == min(ny, slab.at.stop + margin_pix) - 1
        own += rows[slab.at].tolist()
    assert own == rows.tolist()


def test_cosmic_rays_are_the_same_whatever_the_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    sky = rng.normal(0.0, 10.0, (230, 160)).astype(np.float32)
    for _ in range(60):
        y, x, length = rng.integers(0, 220), rng.integers(0, 150), rng.integers(1, 9)
        sky[y : y + length, x] += rng.uniform(100.0, 5000.0)
    bad = rng.uniform(size=sky.shape) < 0.01

    def found(slab_rows: int) -> np.ndarray:
        def short(ny: int, *, margin_pix: int) -> list[Slab]:
            return list(slabs(ny, margin_pix=margin_pix, slab_rows=slab_rows))

        monkeypatch.setattr(cosmic_rays, "slabs", short)
        return cosmic_rays.find_cosmic_rays(
            sky, np.full_like(sky, 10.0), gain_e_adu=1.5, fwhm_pix=3.0, unusable=bad
        )

    whole = found(1000)
    assert whole.sum() > 100
    for slab_rows in (7, 50, 64):
        assert (found(slab_rows) == whole).all()
