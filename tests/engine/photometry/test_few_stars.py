"""A zero point from fewer stars than can vouch for each other."""

import numpy as np
import polars as pl
import pytest

from engine.errors import Rejected
from engine.photometry.calibrate import calibrate
from engine.photometry.calibrating.few_stars import USUAL_SCATTER_MAG

TRUE_ZERO_POINT_MAG = 21.4


def pairs(offsets_mag: list[float], *, bands: tuple[str, ...] = ("V(GaiaSP)",)) -> pl.DataFrame:
    """Return matched stars whose reference minus instrumental magnitudes are these."""
    return pl.DataFrame(
        [
            {
                "ref_id": f"s{number}",
                "band": band,
                "inst_mag": -8.0 + number,
                "ref_mag": -8.0 + number + offset,
            }
            for number, offset in enumerate(offsets_mag)
            for band in bands
        ]
    )


@pytest.mark.parametrize("stars", [1, 2, 3, 4])
def test_few_stars_are_enough_where_the_band_is_known(stars: int) -> None:
    found = calibrate(pairs([TRUE_ZERO_POINT_MAG] * stars), requested="V(GaiaSP)")
    assert found.zero_point_mag == pytest.approx(TRUE_ZERO_POINT_MAG)
    assert found.stars == stars
    assert found.zero_point_err_mag >= USUAL_SCATTER_MAG / np.sqrt(stars)
    assert any("cannot vouch" in note for note in found.notes)


def test_their_error_covers_how_real_stars_scatter() -> None:
    rng = np.random.default_rng(7)
    pulls = []
    for _ in range(300):
        offsets = (TRUE_ZERO_POINT_MAG + rng.normal(0.0, USUAL_SCATTER_MAG, 3)).tolist()
        found = calibrate(pairs(offsets), requested="V(GaiaSP)")
        pulls.append((found.zero_point_mag - TRUE_ZERO_POINT_MAG) / found.zero_point_err_mag)
    assert 0.6 < float(np.std(pulls)) < 1.1


def test_few_stars_cannot_tell_the_band() -> None:
    two_bands = pairs([TRUE_ZERO_POINT_MAG] * 3, bands=("V(GaiaSP)", "r(GaiaSP)"))
    with pytest.raises(Rejected) as refusal:
        calibrate(two_bands)
    assert refusal.value.code == "few-reference-stars"
