"""Pages of lists: a cursor names the last row that was given, so that new rows never move the next page."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from engine.errors import Rejected

MOST_ROWS = 1000
MOST_ID = 2**62
Row = TypeVar("Row")

_IS: dict[str, Any] = {"pattern": "^(i[0-9]{1,18})?$"}  # checked here: a refusal has a code
CURSOR: str = Field(
    "",
    max_length=100,
    description="`next` of the page before; empty for the first page",
    json_schema_extra=_IS,
)
Cursor = Annotated[
    str,
    Query(
        max_length=100,
        description="`next` of the page before; the first page where left out",
        json_schema_extra=_IS,
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="rows in one page")]


class Page(BaseModel, Generic[Row]):
    """One page of a list."""

    items: list[Row]
    next: str | None = Field(description="cursor of the next page; null on the last one", examples=["i123"])


def cursor_of(row_id: int) -> str:
    """Return the cursor behind a row."""
    return f"i{row_id}"


def id_of(cursor: str) -> int | None:
    """Return the number of the row that a cursor stands behind; None for the first page.

    Raises
    ------
    Rejected
        ``bad-cursor``
    """
    if not cursor:
        return None
    number = cursor.removeprefix("i")
    if cursor[:1] != "i" or not (number.isascii() and number.isdigit()) or len(number) > 18:
        raise Rejected("This cursor is not one that this list gave.", code="bad-cursor")
    return int(number)


def page_of(items: list[Row], ids: list[int], *, limit: int) -> Page[Row]:
    """Return a page out of one row more than it holds: that row tells that another page follows."""
    following = cursor_of(ids[limit - 1]) if len(items) > limit else None
    return Page(items=items[:limit], next=following)
