"""What the portal says, in the language of its reader: by gettext; a language is a file in ``languages``."""

from collections.abc import Iterable
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from string import Formatter

import streamlit as st
from babel import Locale
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner import get_script_run_ctx

from engine.marking import marked as marked  # noqa: PLC0414 - who says texts marks some, too

LANGUAGES = Path(__file__).resolve().parent / "languages"
LANGUAGE_COOKIE = "tomlake_language"
ENGLISH = "en"  # the language of the sources
_PIECES = Formatter().parse
_READER: ContextVar[str | None] = ContextVar("language of the reader", default=None)


def _(text: str, **values: object) -> str:
    """Return a text of the portal in the reader's language, with values where it names them in ``{}``."""
    said = _catalogue(language()).gettext(text) if text else text
    return said.format(**values) if values else said


def several(one: str, many: str, count: int, **values: object) -> str:
    """Return a text with ``{count}`` in the form that the reader's language has for that many."""
    said = _catalogue(language()).ngettext(one, many, count)
    return said.format(count=f"{count:,}", **values)


def language() -> str:
    """Return the code of the reader's language; English where nobody reads, as in the API."""
    reader = _READER.get()
    return reader if reader is not None else listen()


def listen() -> str:
    """Return which language the reader wants now: the one chosen here, else the browser's, else English."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ENGLISH
    wanted = (st.context.cookies.get(LANGUAGE_COOKIE), st.context.locale)
    return hear(text for text in wanted if isinstance(text, str))


def hear(wanted: Iterable[str]) -> str:
    """Speak the first wanted language that is known from here on in this run or request, and return it."""
    reader = best_of(wanted)
    _READER.set(reader)
    return reader


def best_of(wanted: Iterable[str]) -> str:
    """Return the first of the wanted languages, such as ``pl-PL``, that the portal speaks; else English."""
    spoken = languages()
    for text in wanted:
        for code in (text.replace("-", "_"), text.replace("_", "-").split("-")[0].lower()):
            if code in spoken:
                return code
    return ENGLISH


@lru_cache(maxsize=1)
def languages() -> dict[str, str]:
    """Return the languages that the portal speaks, each named in itself, by code."""
    codes = [ENGLISH, *sorted(path.stem for path in LANGUAGES.glob("*.po"))]
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


@lru_cache(maxsize=16)
def _catalogue(code: str) -> NullTranslations:
    if code == ENGLISH:
        return NullTranslations()
    with (LANGUAGES / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code)
    for message in list(catalogue):
        if message.id and not _can_be_filled(message):
            catalogue.delete(message.id, message.context)  # a slip of a translator breaks no page
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _can_be_filled(message: Message) -> bool:
    """Return whether a translation asks for no value that the English text does not name."""
    named, asked = _named(message.id), _named(message.string or "")
    return named is None or (asked is not None and asked <= named)


def _named(said: str | tuple[str, ...] | list[str]) -> set[str] | None:
    """Return what a text, in all its forms, has places for; None where its braces have no partner."""
    try:
        pieces = [piece for form in ([said] if isinstance(said, str) else said) for piece in _PIECES(form)]
    except ValueError:
        return None
    return {name for _text, name, _spec, _conversion in pieces if name is not None}
