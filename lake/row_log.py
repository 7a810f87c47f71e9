"""Keeps what rows hold out of the log, however talkative somebody makes it: there are hashes among it."""

import logging

_ENGINE = "sqlalchemy.engine.Engine"


class _WithoutRows(logging.Filter):
    """Lets everything through but the columns and rows of answers."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith(("Row ", "Col "))


_WITHOUT_ROWS = _WithoutRows()


def hide_rows() -> None:
    """Keep rows out of the database library's log in this process; called twice it is the same."""
    logging.getLogger(_ENGINE).addFilter(_WITHOUT_ROWS)
