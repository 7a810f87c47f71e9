"""What the portal keeps because it is slow to make is kept for each language of its readers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from page_lakes import SIMULATED_NAME

from lake.opening import Lake
from portal import data, words
from portal.frame import frame_charts, verdicts
from portal.learning import lessons
from portal.light_curve.charts import Spec
from portal.observing import accuracy_charts, night_charts

Told = TypeVar("Told")
BANDS = ("g", "r")
CHARTS: dict[str, Callable[[], Spec]] = {
    "scatter / stated error": lambda: accuracy_charts.honesty_spec(BANDS),
    "rms [mag]": lambda: accuracy_charts.rms_spec(BANDS),
    "Offset [mag]": lambda: accuracy_charts.colour_spec(BANDS),
    "Limit [mag]": lambda: accuracy_charts.nights_spec("limit_mag", "-", BANDS),
    "zero point − usual [mag]": lambda: accuracy_charts.zero_point_spec(BANDS),
    "Observatory": accuracy_charts.map_spec,
    "altitude": lambda: night_charts.night_spec(("A",), words.language()),
    "For the zero point": lambda: frame_charts.map_spec((300, 400), 0.1, words.language()),
    "left out": lambda: frame_charts.residual_spec("ref_mag", "-", words.language()),
    "stated error": lambda: frame_charts.growth_spec(words.language()),
    "turns of the period": lessons.folded_spec,
}

REJECTED = "not measured"


@pytest.fixture
def upper_case_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A language that says in capitals what English says in small letters."""
    catalog = Catalog(locale="vo")
    for text in (*CHARTS, REJECTED):
        catalog.add(text, text.upper())
    with (tmp_path / "vo.po").open("wb") as file:
        write_po(file, catalog)
    monkeypatch.setattr(words, "LANGUAGES", tmp_path)
    words._catalogue.cache_clear()
    yield "vo"
    words._catalogue.cache_clear()


@pytest.mark.parametrize("text", CHARTS)
def test_a_chart_that_is_kept_speaks_the_language_of_each_reader(text: str, upper_case_language: str) -> None:
    for language, said in (("en", text), (upper_case_language, text.upper()), ("en", text)):
        told = json.dumps(heard(CHARTS[text], language), ensure_ascii=False)
        assert f'"{said}"' in told


def test_verdicts_that_are_kept_speak_the_language_of_each_reader(
    full_lake: Lake, upper_case_language: str
) -> None:
    found = data.target_named(SIMULATED_NAME, None)
    assert found is not None
    target_id = found.target.target_id or 0
    for language, said in (("en", REJECTED), (upper_case_language, REJECTED.upper()), ("en", REJECTED)):
        told = heard(lambda: verdicts.verdicts_of_target(target_id), language)
        assert [each.headline for each in told if each.status == "rejected"] == [said]


def heard(make: Callable[[], Told], language: str) -> Told:
    """Return what a reader of a language is told."""
    reader = words._READER.set(language)
    told = make()
    words._READER.reset(reader)
    return told
