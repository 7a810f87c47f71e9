"""DuckDB itself: connections, and extensions from the installed packages, never from the network."""

from importlib.util import find_spec
from pathlib import Path

import duckdb

from engine.errors import Rejected


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension such as ``ducklake`` into a connection.

    Raises
    ------
    Rejected
        ``extension-missing``: its package is not installed or made for another DuckDB.
    """
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
    connection.execute(f"LOAD {quoted(str(files[0]))}")


def new_duckdb(*, spill_dir: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory that never fetches an extension.

    Parameters
    ----------
    spill_dir
        Where a query may put what it cannot hold in memory; by default nowhere.
    """
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(spill_dir or ""),
        },
    )
    connection.execute("SET enable_progress_bar = false")  # it would be written among our own answers
    return connection


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
