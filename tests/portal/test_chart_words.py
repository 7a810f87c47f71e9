"""The words in charts and tables of points are said in the language of each reader, whoever came first."""

import json
from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from page_lakes import REAL_NAME, SIMULATED_NAME

from lake.opening import Lake
from lake.targets import get_target
from portal import words
from portal.flags import flags_text
from portal.light_curve import curves
from portal.light_curve.looks import ABSOLUTE, Look
from portal.light_curve.views import View

SAID = {
    "magnitude": "grando",
    "absolute magnitude": "absoluta grando",
    "fainter than {mag}": "malpli hela ol {mag}",
    "simulated": "simulita",
    "Remark": "Rimarko",
}
InEsperanto = Callable[[Callable[[], object]], object]


@pytest.fixture
def in_esperanto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InEsperanto:
    """Do something as for a reader of another language."""
    catalog = Catalog(locale="eo")
    for text, said in SAID.items():
        catalog.add(text, said)
    with (tmp_path / "eo.po").open("wb") as file:
        write_po(file, catalog)
    monkeypatch.setattr(words, "LANGUAGES", tmp_path)
    words._catalogue.cache_clear()

    def run(deed: Callable[[], object]) -> object:
        def read() -> object:
            words._READER.set("eo")
            return deed()

        return copy_context().run(read)

    return run


def target_id(lake: Lake, name: str) -> int:
    return get_target(lake.operations, name, None).target_id or 0


def told(chart: curves.Chart | None) -> str:
    assert chart is not None
    return json.dumps(chart.spec, ensure_ascii=False) + str(chart.rows.rows())


def test_a_kept_chart_is_not_shown_to_a_reader_of_another_language(
    full_lake: Lake, in_esperanto: InEsperanto
) -> None:
    number = target_id(full_lake, SIMULATED_NAME)
    english = told(curves.chart_of(number))
    foreign = in_esperanto(lambda: told(curves.chart_of(number)))
    assert isinstance(foreign, str)
    for text in ("magnitude", "fainter than ", "simulated", "Remark"):
        assert text in english
        assert text not in foreign
    for text in ("grando", "malpli hela ol ", "simulita", "Rimarko"):
        assert text in foreign
    assert told(curves.chart_of(number)) == english


def test_what_is_switched_on_is_said_in_the_reader_s_language(
    full_lake: Lake, in_esperanto: InEsperanto
) -> None:
    look, view = Look(brightness=ABSOLUTE), View(is_choosable=True)
    number = target_id(full_lake, REAL_NAME)
    english = told(curves.chart_of(number, look=look, view=view))
    foreign = in_esperanto(lambda: told(curves.chart_of(number, look=look, view=view)))
    assert isinstance(foreign, str)
    assert '"absolute magnitude"' in english
    assert '"absoluta grando"' in foreign
    assert '"Rimarko"' in foreign


def test_the_remark_of_a_point_is_said_in_the_reader_s_language(in_esperanto: InEsperanto) -> None:
    assert in_esperanto(lambda: flags_text(1)) == "simulita"
