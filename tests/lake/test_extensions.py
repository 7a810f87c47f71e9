"""DuckDB's extensions: only signed ones are loaded, though a signature is checked once in a process."""

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from lake.extensions import load_extension, new_duckdb, quoted


def test_no_statement_loads_an_extension_without_a_signature(tmp_path: Path) -> None:
    changed = tmp_path / "changed.duckdb_extension"
    changed.write_bytes(with_changed_signature("sqlite_scanner"))
    for _ in range(2):
        with new_duckdb("ducklake", "sqlite_scanner") as connection:
            with pytest.raises(duckdb.Error, match="signature"):
                connection.execute(f"LOAD {quoted(str(changed))}")
            with pytest.raises(duckdb.Error, match="Cannot change"):
                connection.execute("SET allow_unsigned_extensions = true")


def test_a_changed_extension_of_a_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "duckdb_extension_changed.py").touch()
    folder = tmp_path / "extensions" / f"v{duckdb.__version__}"
    folder.mkdir(parents=True)
    (folder / "changed.duckdb_extension").write_bytes(with_changed_signature("sqlite_scanner"))
    monkeypatch.syspath_prepend(tmp_path)
    for _ in range(2):
        with pytest.raises(duckdb.Error, match="signature"):
            new_duckdb("changed")
    with new_duckdb() as connection, pytest.raises(duckdb.Error, match="signature"):
        load_extension(connection, "changed")


def with_changed_signature(name: str) -> bytes:
    spec = find_spec(f"duckdb_extension_{name}")
    assert spec is not None
    (file,) = Path(str(spec.origin)).parent.glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    return bytes(content)
