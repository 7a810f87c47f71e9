"""What passes by itself is tried again; what does not is told at once."""

import duckdb
import pytest

from lake.patience import patiently


def test_a_transaction_that_was_lost_without_a_word_begins_anew() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE told (word VARCHAR PRIMARY KEY)")
    connection.execute("BEGIN")
    with pytest.raises(duckdb.ConstraintException):
        connection.execute("INSERT INTO told VALUES ('once'), ('once')")

    def write() -> int:
        return len(connection.execute("INSERT INTO told VALUES ('again') RETURNING word").fetchall())

    assert patiently(write, again=connection.rollback) == 1


def test_a_question_that_cannot_be_answered_is_asked_once() -> None:
    asked = []

    def ask() -> None:
        asked.append(1)
        duckdb.connect().execute("SELECT nothing")

    with pytest.raises(duckdb.BinderException):
        patiently(ask)
    assert len(asked) == 1
