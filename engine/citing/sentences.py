"""The sentences that a paper writes of a light curve: methods, acknowledgements, and who observed."""

from collections.abc import Iterator, Sequence

from engine.citing.bibtex import cite_keys, cited_archives
from engine.citing.cited import Cited, Counted
from engine.citing.latex import latex_name, latex_text
from engine.times import datetime_of


def methods(cited: Cited) -> str:
    """Return how the light curve came to be, as LaTeX; empty without points."""
    return " ".join(_methods(cited))


def acknowledgements(cited: Cited) -> str:
    """Return what archives and telescopes ask to be written, as LaTeX, one paragraph for each."""
    asked = [info.acknowledgement for info in cited_archives(cited)]
    asked += [cited.papers.thanks.get(each.name, "") for each in cited.facilities]
    return "\n\n".join(latex_text(words) for words in dict.fromkeys(asked) if words.strip())


def author_list(cited: Cited) -> str:
    """Return the observers as AASTeX's list of authors, in the order of their points."""
    return "\n".join("\n".join(_author(cited, number)) for number in range(len(cited.people)))


def _author(cited: Cited, number: int) -> Iterator[str]:
    person, points = cited.people[number]
    orcid = f"[{person.orcid}]" if person.orcid else ""
    yield rf"\author{orcid}{{{latex_name(person.name, person.latex_name)}}} % {points} points"
    if person.affiliation:
        yield rf"\affiliation{{{latex_text(person.affiliation)}}}"


def _methods(cited: Cited) -> Iterator[str]:
    if cited.first_mjd is None or cited.last_mjd is None:
        return
    limits = f", {_many(cited.limits, 'upper limit')} among them" if cited.limits else ""
    yield (
        f"The light curve of {latex_text(cited.target_name)} has {_many(cited.points, 'point')}{limits}, "
        f"taken from {_day(cited.first_mjd)} to {_day(cited.last_mjd)} "
        f"(MJD {cited.first_mjd:.3f}--{cited.last_mjd:.3f}) in the "
        f"{'band' if len(cited.bands) == 1 else 'bands'} {_listed(cited.bands)}."
    )
    if cited.archives:
        titles = [Counted(name=_title(cited, each.name), points=each.points) for each in cited.archives]
        citation = cite_keys(cited_archives(cited))
        yield f"Archives gave {_listed(titles)}{f' {citation}' if citation else ''}."
    if cited.own_points:
        where = f" with {_listed(cited.facilities)}" if cited.facilities else ""
        whose = _many(len(cited.people), "observer")
        yield f"Frames of {whose}{where} gave {_many(cited.own_points, 'point')}."
    if cited.calibrations:
        versions = ", ".join(latex_text(each) for each in cited.calibrations)
        yield f"These were measured and calibrated by tomlake's photometry, version {versions}."
    if cited.simulated:
        are_all = cited.simulated == cited.points
        yield f"{'All' if are_all else f'{cited.simulated:,} of the'} points are simulated, not observed."
    software = ", ".join(latex_text(each) for each in cited.papers.software)
    made = f" (rows written by {software})" if software else ""
    yield f"The data were read from version {cited.papers.lake_version} of the lake of tomlake{made}."


def _title(cited: Cited, key: str) -> str:
    info = cited.papers.archives.get(key)
    return info.title if info else key


def _listed(things: Sequence[Counted]) -> str:
    """Return names with their points, such as ``V (12) and r (3)``."""
    words = [f"{latex_text(each.name)} ({each.points:,})" for each in things]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _day(mjd: float) -> str:
    moment = datetime_of(mjd)
    return f"{moment:%Y %B} {moment.day}"
