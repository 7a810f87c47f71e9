"""Questions in ADQL."""

from engine.brokers.asking.tap import adql_text


def test_quotes_in_adql_are_doubled() -> None:
    assert adql_text("Barnard's star") == "'Barnard''s star'"
