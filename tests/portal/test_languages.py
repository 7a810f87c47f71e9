"""Every text of the pages can be said in another language, and a language is one file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from page_visits import SHELL, TIMEOUT_S
from sqlalchemy import MetaData, select
from streamlit.testing.v1 import AppTest

from engine.bands import BANDS
from engine.brokers.registry import BROKERS
from engine.brokers.streams.registry import STREAMS
from engine.target import CLASSES
from lake.opening import Lake
from lake.rights import SYSTEM
from portal import words
from portal.security.cookie import SESSION_COOKIE
from portal.shell.menu import MENU
from portal.target_tabs import TABS

ROOT = Path(words.__file__).resolve().parent.parent
TEMPLATE = words.LANGUAGES / "tomlake.pot"
KEYWORDS = {
    "_": None, "several": (1, 2), "marked": None, "Entry": (2,),
    "Rejected": None, "Transient": None,
}  # fmt: skip
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
SAID = re.compile(r"⟦[^⟦⟧]*⟧")
WORD = re.compile(r"[A-Za-z]{3,}")
CODE = re.compile(  # what is no text: code, icons, colours, styles, tags, addresses and dates
    r"`[^`]*`|:material/\w+:|:[a-z]+(-badge)?\[|<style>.*?</style>|<[^>]*>|https?://\S+|/[\w/?=&.]+"
    r"|\d+ \w{3,} \d{4}",
    re.DOTALL,
)
OF_THE_FIELD = {  # names, units and scales, which are the same everywhere
    "tomlake", "TOMLAKE", "MJD", "UTC", "ICRS", "ORCID", "CSV", "JSON", "SQL", "FITS", "API", "VOTable",
    "Parquet", "iCal", "JPL", "SIMBAD", "TNS", "CDS", "VizieR", "Aladin", "Lite", "Legacy", "Survey",
    "STARRS",
    "English", "Interlingua", "mag", "mmag", "arcsec", "deg", "pix", "ADU", "Mpc", "min", "DuckDB", "pyvo",
    "TOPCAT", "ALeRCE", "Fink", "Gaia", "Alerts", "Pan", "ONAME", "Wyrzykowski", "Cetus", "PASP",
}  # fmt: skip


def collected() -> Catalog:
    catalog = Catalog()
    for room in ("engine", "lake", "jobs", "portal"):
        for _, _, message, _, _ in extract_from_dir(ROOT / room, keywords=KEYWORDS):
            catalog.add(message)
    return catalog


def test_the_template_holds_every_text_of_the_sources() -> None:
    with TEMPLATE.open("rb") as file:
        kept = {message.id for message in read_po(file) if message.id}
    found = {message.id for message in collected() if message.id}
    assert kept == found, "run `make words`"


@pytest.fixture(scope="module")
def marked_language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A language in which every text stands in brackets."""
    catalog = Catalog(locale="ia")
    for message in collected():
        if isinstance(message.id, tuple):
            catalog.add(message.id, tuple(f"⟦{text}⟧" for text in message.id))
        elif message.id:
            catalog.add(message.id, f"⟦{message.id}⟧")
    folder = tmp_path_factory.mktemp("languages")
    with (folder / "ia.po").open("wb") as file:
        write_po(file, catalog)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "LANGUAGES", folder)
        words.languages.cache_clear()
        words._catalogue.cache_clear()
        yield
    words.languages.cache_clear()
    words._catalogue.cache_clear()


@pytest.fixture(scope="module")
def data_words(built_full_lake: Lake, staff_session: str) -> set[str]:
    """Return every word that the lake holds: what people and archives wrote is shown as it is."""
    told: list[str] = []
    with built_full_lake.operations.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            told += [str(value) for row in connection.execute(select(table)) for value in row]
    for rows in ("DISTINCT facility, observer, source FROM lake.photometry", "* FROM lake.frames"):
        table = built_full_lake.store.read(f"SELECT {rows}")
        told += [str(value) for row in table.iter_rows() for value in row]
    told += [word for broker in BROKERS for word in (broker.info.title, broker.info.key)]
    told += [stream.info.title for stream in STREAMS]
    told += [*CLASSES, *BANDS]
    return set(WORD.findall(" ".join(told)))


def texts(at: AppTest) -> Iterator[str]:
    """Return every text that a page shows, from what is sent to the browser."""
    for element in at.main:
        yield from _texts(element)


def _texts(block: object) -> Iterator[str]:
    proto = getattr(block, "proto", None)
    for name in ("label", "body", "help", "placeholder", "header", "caption"):
        text = getattr(proto, name, None)
        if isinstance(text, str):
            yield text
    for name in ("options", "headers"):
        for text in getattr(proto, name, None) or ():
            yield text if isinstance(text, str) else getattr(text, "content", "")
    for child in getattr(block, "children", {}).values():
        yield from _texts(child)


def headings(at: AppTest) -> Iterator[str]:
    """Return how the columns of a page's tables are headed."""
    for table in at.dataframe:
        asked = json.loads(table.proto.columns or "{}")
        for column in table.value.columns:
            told = asked.get(column) or {}
            if not told.get("hidden"):
                yield column if told.get("label") is None else told["label"]
                yield told.get("help") or ""


@pytest.fixture
def reader(
    request: pytest.FixtureRequest,
    full_lake: Lake,
    marked_language: None,
    staff_session: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody whose language is the marked one."""
    session_id = staff_session if request.param == "staff" else ""
    sent = {SESSION_COOKIE: session_id, words.LANGUAGE_COOKIE: "ia"}
    monkeypatch.setattr(type(st.context), "cookies", property(lambda _: sent))


@pytest.mark.parametrize(
    ("reader", "page"),
    [
        (name, entry.name)
        for name, user in (("anonymous", None), ("staff", SYSTEM))
        for entry in MENU
        if entry.exists_for(user)
    ],
    indirect=["reader"],
)
def test_every_text_of_a_page_is_said_in_the_reader_s_language(
    reader: None, data_words: set[str], page: str
) -> None:
    for query in addresses(page):
        at = AppTest.from_file(SHELL, default_timeout=TIMEOUT_S).run()
        if "tab" in query:
            at.session_state["target_tab"] = query["tab"]
        at.query_params.update(query)
        at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception
        untold = {word for text in (*texts(at), *headings(at)) for word in english(text, data_words)}
        assert not untold, query
        assert page == "terms" or any("⟦" in text for text in texts(at))


def addresses(page: str) -> list[dict[str, str]]:
    """Return what of a page is looked at: each part of a target's, and one that is not there."""
    if page != "target":
        return [{}]
    return [{"name": "Nobody"}, *({"name": "Sim26aaa", "tab": f"⟦{tab.label}⟧"} for tab in TABS)]


def english(text: str, data_words: set[str]) -> list[str]:
    """Return the words of a text that nobody could translate."""
    bare = text
    while SAID.search(bare):  # said within what is said
        bare = SAID.sub(" ", bare)
    return [word for word in WORD.findall(CODE.sub(" ", bare)) if word not in data_words | OF_THE_FIELD]
