"""The flags of points, in the language of the reader."""

from engine.lightcurve import FLAG_WORDS
from portal.flags import FLAG_TEXTS, flags_text


def test_every_flag_has_the_words_that_files_and_the_api_use() -> None:
    assert FLAG_TEXTS == FLAG_WORDS
    assert flags_text(0) == ""
