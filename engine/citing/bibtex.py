"""BibTeX of the archives that gave points, made from their bibcodes alone: no title or author is invented."""

import re
from collections.abc import Iterable
from urllib.parse import quote

from engine.brokers.protocol import BrokerInfo
from engine.citing.cited import Cited
from engine.citing.latex import latex_text

# year, journal, volume, kind of publication, page, initial of the first author
# (https://ui.adsabs.harvard.edu/help/actions/bibcode)
_BIBCODE = re.compile(r"(\d{4})([A-Za-z&][A-Za-z&.]{4})([\d.]{4})([A-Za-z0-9.])([\d.]{4})([A-Z.:])")
_ARXIV = re.compile(r"(\d{4})arXiv(\d{4})(\d{5})[A-Z]")


def is_bibcode(text: str) -> bool:
    """Return whether a citation is a bibcode of ADS."""
    return len(text) == 19 and bool(_BIBCODE.fullmatch(text) or _ARXIV.fullmatch(text))


def cited_archives(cited: Cited) -> list[BrokerInfo]:
    """Return the archives that gave points and say how they are cited, the busiest first."""
    infos = (cited.papers.archives.get(each.name) for each in cited.archives)
    return [info for info in infos if info is not None]


def bibtex(cited: Cited) -> str:
    """Return one entry for each paper of the archives that gave points, empty without any."""
    papers: dict[str, list[BrokerInfo]] = {}
    for info in cited_archives(cited):
        if is_bibcode(info.citation):
            papers.setdefault(info.citation, []).append(info)
    return "\n".join(_entry(bibcode, infos) for bibcode, infos in papers.items())


def cite_keys(infos: Iterable[BrokerInfo]) -> str:
    """Return the command that cites archives, empty where none has a paper."""
    keys = dict.fromkeys(info.citation for info in infos if is_bibcode(info.citation))
    return rf"\cite{{{','.join(keys)}}}" if keys else ""


def _entry(bibcode: str, infos: list[BrokerInfo]) -> str:
    titles = ", ".join(dict.fromkeys(info.title for info in infos))
    fields = {
        "key": f"{{{latex_text(titles)}}}",  # what styles print where no author is known
        **_place(bibcode),
        "note": f"Paper of {latex_text(titles)}; title and authors are at its adsurl",
        "adsurl": f"https://ui.adsabs.harvard.edu/abs/{quote(bibcode, safe='')}/abstract",
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@MISC{{{bibcode},\n{lines}\n}}\n"


def _place(bibcode: str) -> dict[str, str]:
    """Return what a bibcode says itself: year, journal, volume and page, or the number at arXiv."""
    preprint = _ARXIV.fullmatch(bibcode)
    if preprint is not None:
        year, month, number = preprint.groups()
        return {"year": year, "eprint": f"{month}.{number}", "archivePrefix": "arXiv"}
    parts = _BIBCODE.fullmatch(bibcode)
    if parts is None:
        return {}
    year, journal, volume, kind, page, _ = parts.groups()
    facts = {
        "year": year,
        "journal": latex_text(journal.strip(".")),
        "volume": volume.strip("."),
        # other letters stand for the first digits of an article's number, in a way of each journal
        "pages": f"{kind.strip('.')}{page.strip('.')}" if kind in {".", "L", "A"} else "",
    }
    return {name: value for name, value in facts.items() if value}
