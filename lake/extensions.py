"""DuckDB itself: connections, and extensions from the installed packages, never from the network."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import duckdb

from engine.errors import Rejected

_Config = dict[str, str | bool | int | float | list[str]]
_CONFIG: _Config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension such as ``ducklake`` into a connection.

    Raises
    ------
    Rejected
        ``extension-missing``: its package is not installed or made for another DuckDB.
    """
    connection.execute(f"LOAD {quoted(str(_signed_file(name)))}")


def new_duckdb(*extensions: str, spill_dir: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory with these extensions, which never fetches one or loads an unsigned one.

    Parameters
    ----------
    spill_dir
        Where a query may put what it cannot hold in memory; by default nowhere.

    Raises
    ------
    Rejected
        ``extension-missing``: as ``load_extension``.
    """
    files = [_signed_file(name) for name in extensions]
    connection = duckdb.connect(
        ":memory:",
        config=_CONFIG | {"allow_unsigned_extensions": "true", "temp_directory": str(spill_dir or "")},
    )
    for file in files:  # their signatures were checked: each time anew it would take 0.15 s a file
        connection.execute(f"LOAD {quoted(str(file))}")
    connection.execute("SET allow_unsigned_extensions = false")  # for good: it cannot be set to true again
    connection.execute("SET enable_progress_bar = false")  # it would be written among our own answers
    return connection


@cache
def _signed_file(name: str) -> Path:
    """Return the file of an extension after DuckDB has checked its signature, once in each process."""
    package = f"duckdb_extension_{name}"
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Rejected(
            f"The package {package.replace('_', '-')} is missing: install tomlake[scale].",
            code="extension-missing",
        )
    folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
    files = sorted(folder.glob("*.duckdb_extension"))
    if not files:
        raise Rejected(
            f"The DuckDB extension in {package} does not fit DuckDB {duckdb.__version__}: "
            "install the versions that tomlake asks for.",
            code="extension-missing",
        )
    with duckdb.connect(":memory:", config=_CONFIG) as checking:
        checking.execute(f"LOAD {quoted(str(files[0]))}")
    return files[0]


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
