"""What the databases find wrong in their own files; PostgreSQL checks its pages itself."""

from collections.abc import Iterator, Sequence

import duckdb
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from engine.errors import Transient
from lake.backend import Backend
from lake.catalog import CatalogKind
from lake.operations import reading
from lake.trace.damage import Damage, Part

_INTACT = ("ok",)
UNREADABLE = (duckdb.Error, DBAPIError, Transient)  # how a catalog that is damaged answers


def database_damages(backend: Backend, operations: Engine) -> Iterator[Damage]:
    """Give the torn pages of catalog and operations database, as far as these are SQLite files."""
    if backend.catalog.kind == CatalogKind.SQLITE:
        found = _answer_of_catalog(backend)
        if found != _INTACT:
            yield _torn(Part.CATALOG, "of its tables", found)
    if operations.dialect.name == "sqlite":
        found = _answer_of_operations(operations)
        if found != _INTACT:
            yield _torn(Part.OPERATIONS, "", found)


def why_of(error: BaseException) -> str:
    """Return the first line of what a database said."""
    return (str(error.__cause__ or error).splitlines() or [type(error).__name__])[0]


def _answer_of_catalog(backend: Backend) -> Sequence[object]:
    try:
        return backend.catalog.rows("SELECT integrity_check FROM pragma_integrity_check(1)")[0]
    except UNREADABLE as error:
        return (why_of(error),)


def _answer_of_operations(operations: Engine) -> Sequence[object]:
    try:
        with reading(operations) as connection:
            return tuple(connection.execute(text("PRAGMA integrity_check(1)")).one())
    except DBAPIError as error:
        return (why_of(error),)


def _torn(part: Part, file: str, found: Sequence[object]) -> Damage:
    why = (str(found[0]).splitlines() or [""])[-1]
    return Damage(
        part=part,
        file=file,
        what=f"has a damaged page ({why})",
        lost="some of its rows may be lost",
        advice="put the file back from a backup",
    )
