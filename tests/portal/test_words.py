"""A language is one file: who reads which, and what becomes of a translator's slips."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from lake.opening import Lake
from portal import words
from portal.links.front import front_routes

POLISH = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"

msgid "Search"
msgstr "Szukaj"

msgid "Targets"
msgstr "Cele"

msgid "at {time}"
msgstr "o {czas}"

msgid "with a {brace}"
msgstr "z klamrą { bez pary"

msgid "{count} frame"
msgid_plural "{count} frames"
msgstr[0] "{count} klatka"
msgstr[1] "{count} klatki"
msgstr[2] "{count} klatek"
"""  # noqa: E501


@pytest.fixture
def in_polish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "pl.po").write_text(POLISH, encoding="utf-8")
    monkeypatch.setattr(words, "LANGUAGES", tmp_path)
    _forget()
    before = words._READER.set("pl")
    yield
    words._READER.reset(before)
    _forget()


def _forget() -> None:
    words.languages.cache_clear()
    words._catalogue.cache_clear()


def test_a_file_makes_a_language_with_its_own_plurals(in_polish: None) -> None:
    assert words.languages() == {"en": "English", "pl": "Polski"}
    assert words._("Search") == "Szukaj"
    assert [words.several("{count} frame", "{count} frames", count) for count in (1, 3, 5, 1204)] == [
        "1 klatka", "3 klatki", "5 klatek", "1,204 klatki",
    ]  # fmt: skip
    assert words._("Not translated yet") == "Not translated yet"


def test_a_slip_of_a_translator_breaks_no_page(in_polish: None) -> None:
    assert words._("at {time}", time="21:36") == "at 21:36"
    assert words._("with a {brace}", brace="b") == "with a b"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        (["pl-PL"], "pl"),
        (["PL"], "pl"),
        (["de-AT", "pl"], "pl"),
        (["de"], "en"),
        (["../en"], "en"),
        ([], "en"),
    ],
)
def test_a_reader_gets_the_first_language_that_is_spoken(
    in_polish: None, wanted: list[str], spoken: str
) -> None:
    assert words.best_of(wanted) == spoken


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Accept-Language": "de-AT, pl;q=0.8, en;q=0.5"}, ("pl", "Cele · tomlake")),
        ({"Accept-Language": "pl", "Cookie": f"{words.LANGUAGE_COOKIE}=en"}, ("en", "Targets · tomlake")),
        ({}, ("en", "Targets · tomlake")),
    ],
)
def test_the_first_answer_is_in_the_language_of_the_browser_or_the_chosen_one(
    in_polish: None, full_lake: Lake, headers: dict[str, str], told: tuple[str, str]
) -> None:
    async def ask() -> str:
        transport = httpx.ASGITransport(app=Starlette(routes=front_routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
            return (await client.get("/targets", headers=headers)).text

    page = anyio.run(ask)
    assert (f'<html lang="{told[0]}"' in page, f"<title>{told[1]}</title>" in page) == (True, True)
