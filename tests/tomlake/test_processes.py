"""`tomlake up` and `tomlake work`: where their jobs shall run is checked before anything starts."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.errors import Rejected
from tomlake.main import app


@pytest.mark.parametrize("command", ["up", "work"])
@pytest.mark.parametrize("options", [(), ("--scheduler", "host:8786")])
def test_a_cluster_without_its_address_is_refused_and_nothing_is_started(
    command: str, options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOMLAKE_DATA", str(tmp_path / "data"))
    result = CliRunner().invoke(app, [command, "--executor", "dask", *options])
    assert isinstance(result.exception, Rejected)
    assert "tcp://host:8786" in result.exception.reason
    assert not (tmp_path / "data").exists()
