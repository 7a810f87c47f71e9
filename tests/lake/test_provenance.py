"""Every batch says who made rows, from which bytes, with which code."""

import json
from dataclasses import asdict

from engine.times import mjd_now
from lake.provenance import batch_row, code_version, new_batch
from lake.tables import BATCHES


def test_a_batch_names_its_work_its_bytes_and_its_code() -> None:
    batch = new_batch(
        "harvest", "gaia_alerts", target_id=3, parameters={"b": 2, "a": 1}, raw_sha256="ab" * 32, by="ada"
    )

    assert (batch.task, batch.source, batch.target_id, batch.by) == ("harvest", "gaia_alerts", 3, "ada")
    assert batch.parameters == '{"a": 1, "b": 2}'
    assert batch.code_version == code_version() != ""
    assert 0 <= mjd_now() - batch.made_mjd < 1e-3


def test_two_batches_never_share_a_name() -> None:
    assert len({new_batch("test", "test").batch_id for _ in range(100)}) == 100


def test_a_batch_as_a_row_loses_nothing() -> None:
    batch = new_batch("test", "test", parameters={"note": "naïve “quotes”"})

    row = batch_row(batch)

    assert row.schema == BATCHES.empty().schema
    assert row.row(0, named=True) == asdict(batch)
    assert json.loads(row["parameters"][0]) == {"note": "naïve “quotes”"}
