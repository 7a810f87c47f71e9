"""How the pages write numbers, times and other people's words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.fmt import ago_text, date_text, escaped, mag_text, moment_text, plural, size_text

SPECIAL = "\\`*_{}[]()<>#+-.!|~$:^=&"


@given(st.text(alphabet=st.sampled_from(SPECIAL + "ab 1é\n"), max_size=40))
def test_every_character_that_means_something_to_markdown_is_made_plain(text: str) -> None:
    shown = escaped(text)
    assert re.sub(r"\\(.)", r"\1", shown) == " ".join(text.split())
    assert not set(re.sub(r"\\.", "", shown)) & set(SPECIAL)


def test_icons_colours_and_formulas_of_streamlit_stay_plain_characters() -> None:
    assert escaped(":red[x] :material/home: $x^2$") == r"\:red\[x\] \:material/home\: \$x\^2\$"


@pytest.mark.parametrize(
    ("passed_d", "words"),
    [
        (0.0001, "just now"),
        (0.02, "29 min ago"),
        (0.5, "12 h ago"),
        (1.2, "1 day ago"),
        (40, "40 days ago"),
        (100, "3 months ago"),
        (800, "2 years ago"),
    ],
)
def test_how_long_ago_is_told_in_the_largest_unit_that_fits(passed_d: float, words: str) -> None:
    assert ago_text(60000.0, now_mjd=60000.0 + passed_d) == words


def test_what_is_missing_is_a_dash_and_never_none() -> None:
    assert [mag_text(None), date_text(None), moment_text(None), ago_text(None)] == ["–"] * 4


def test_numbers_carry_their_unit_and_their_plural() -> None:
    assert plural(1, "frame") == "1 frame"
    assert plural(1204, "frame") == "1,204 frames"
    assert size_text(1_048_576) == "1.0 MB"
    assert size_text(20) == "1 kB"
    assert mag_text(15.23456, 0.0123) == "15.235 ± 0.012"
    assert moment_text(60955.093) == "2025-10-07 02:13"
