"""Columns of the operational tables: what each kind of value is kept as, in SQLite and in PostgreSQL."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, ForeignKey, Integer, String


def whole(name: str, *, default: int = 0) -> Column[int]:
    """Return a column of whole numbers."""
    return Column(name, Integer, nullable=False, default=default)


def large(name: str) -> Column[int]:
    """Return a column of whole numbers beyond 2**31."""
    return Column(name, BigInteger, nullable=False, default=0)


def words(name: str) -> Column[str]:
    """Return a column of text, empty where nothing is said."""
    return Column(name, String, nullable=False, default="")


def yes_no(name: str, *, default: bool = False) -> Column[bool]:
    """Return a column of yes or no."""
    return Column(name, Boolean, nullable=False, default=default)


def number(name: str, *, required: bool = False) -> Column[float]:
    """Return a column of numbers."""
    return Column(name, Double, nullable=not required)


def list_column(name: str) -> Column[list[str]]:
    """Return a column of lists."""
    return Column(name, JSON, nullable=False, default=list)


def belongs_to(parent: str, name: str) -> Column[int]:
    """Return a column that names a parent row and goes with it."""
    return Column(name, ForeignKey(f"{parent}.{name}", ondelete="CASCADE"), nullable=False, index=True)


def points_to(parent: str, name: str) -> Column[int]:
    """Return a column that names a row which may be deleted."""
    return Column(name, ForeignKey(f"{parent}.{name}", ondelete="SET NULL"), index=True)


def unique(name: str) -> Column[str]:
    """Return a column of text, each once."""
    return Column(name, String, nullable=False, unique=True)


def key(name: str) -> Column[int]:
    """Return the number of a row, never used again."""
    return Column(name, Integer, primary_key=True, autoincrement=True)
