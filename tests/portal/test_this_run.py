"""What one run of a page looks up once, and every run anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context

from page_lakes import REAL_NAME
from page_visits import visit
from sqlalchemy import Engine, event

from lake.opening import Lake
from portal.this_run import begin, once


@contextmanager
def statements(operations: Engine) -> Iterator[list[str]]:
    """Give the list of what the database is asked meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(operations, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(operations, "before_cursor_execute", note)


def test_the_page_of_a_target_asks_once_a_run_what_is_closed_to_its_visitor(full_lake: Lake) -> None:
    page = visit("target", name=REAL_NAME)
    for _ in range(2):
        with statements(full_lake.operations) as asked:
            assert not page.run().exception
        closed = [each for each in asked if each.startswith("SELECT uploads.upload_id") and "dry_run" in each]
        assert len(closed) == 1


def test_every_run_asks_anew_and_what_runs_without_a_page_always_does() -> None:
    told = iter(range(9))

    def runs() -> list[int]:
        begin()
        first = [once("key", lambda: next(told)), once("key", lambda: next(told))]
        begin()
        return [*first, once("key", lambda: next(told))]

    assert copy_context().run(runs) == [0, 0, 1]
    assert [once("key", lambda: next(told)) for _ in range(2)] == [2, 3]
