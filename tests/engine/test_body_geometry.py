"""Distances and phase angle of a body between the places of its ephemeris."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.body_geometry import geometry_at
from engine.brokers.horizons import ephemeris_of


def nodes() -> pl.DataFrame:
    """Return twenty days at 2 au from the Sun and 5 au from the Earth, the phase growing by 0.1 a day."""
    mjd = 60000.0 + np.arange(20)
    phase_deg = (mjd - 60000.0) / 10.0
    return pl.DataFrame({"mjd": mjd, "phase_deg": phase_deg}).with_columns(r_au=2.0, delta_au=5.0)


def test_geometry_is_told_within_the_nodes_and_only_where_they_are_close_enough() -> None:
    table = nodes()
    told = geometry_at(table, pl.Series([59999.0, 60000.0, 60010.5, 60019.0, 60019.5]))
    assert told["r_au"].to_list() == [None, pytest.approx(2.0), pytest.approx(2.0), pytest.approx(2.0), None]
    assert told["phase_deg"][2] == pytest.approx(1.05)
    rough = table.with_columns(delta_au=pl.when(pl.col("mjd") == 60010.0).then(0.01).otherwise("delta_au"))
    beside = geometry_at(rough, pl.Series([60005.5, 60009.5, 60010.5]))
    assert beside["delta_au"].is_null().to_list() == [False, True, True]
    assert geometry_at(table.head(2), pl.Series([60000.5]))["r_au"].to_list() == [None]


def test_a_real_ephemeris_is_gone_through_exactly(shared: Path) -> None:
    real = shared / "archives" / "solar_system" / "horizons_ceres_ephemerides_range.txt"
    table = ephemeris_of(real.read_bytes()).table
    told = geometry_at(table, table["mjd"])
    for name in ("r_au", "delta_au", "phase_deg"):
        assert told[name].to_list() == pytest.approx(table[name].to_list(), abs=1e-9)
