"""Every page of the menu: the addresses under which it is opened, and what it must tell those who may see."""

from dataclasses import dataclass, field

from shared_things import EVERYBODY, FILES, SIGNED_IN, TARGETS

from portal.at_work.watching import STATES
from portal.learning.learn_sections import LESSONS
from portal.target_tabs import TABS

THINGS = (*TARGETS, *FILES)
CLOSED = frozenset(THINGS) - {"public"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """An address of a page, and what stands there.

    Between braces stands what differs from thing to thing: ``{low}`` is its word in small letters, so that
    the page's own answer is told from the echo of what was asked.
    """

    query: dict[str, str] = field(default_factory=dict)
    state: dict[str, object] = field(default_factory=dict)  # what was chosen on the page before
    of: tuple[str, ...] = ()  # it is opened for each of these things; none: once
    must: tuple[str, ...] = ()  # of these things it tells everybody in ``who`` who may see them
    who: frozenset[str] = EVERYBODY
    proof: str = "{word}"  # what is then found
    never: frozenset[str] = frozenset()


def _tab(name: str, proof: str = "{word} Observer", must: tuple[str, ...] = THINGS) -> Visit:
    label = next(tab.label for tab in TABS if tab.label.endswith(f": {name}"))
    return Visit(query={"name": "{low}26"}, state={"target_tab": label}, of=TARGETS, must=must, proof=proof)


_TABS = (
    _tab("Light curve"),
    _tab("Period"),
    _tab("Points"),
    _tab("Sky", "{word} Observer · u"),  # in the list of frames
    _tab("Spectra", "{word} Spectrograph"),
    _tab("Tonight"),
    _tab("Frames", "{word}.fits"),
    _tab("Archives", "It knows no {word}", TARGETS),
    _tab("Passport"),
    _tab("Notes", "look at {word}", TARGETS),
    _tab("Cite", "{word} Hill"),
    _tab("History"),
)
_SQL = "SELECT * FROM photometry JOIN targets USING (target_id)"

FOR_STAFF = "admin"  # for others it is not there
PAGES: dict[str, tuple[Visit, ...]] = {
    "home": (Visit(must=TARGETS),),
    "targets": (
        Visit(query={"view": "List"}, must=(*TARGETS, "own")),
        Visit(query={"view": "Cards"}, must=TARGETS),
        Visit(query={"view": "Sky"}, must=TARGETS),
        Visit(query={"flags": "Not public"}, must=("group", "private", "embargoed"), who=SIGNED_IN),
        Visit(query={"q": "{low}"}, of=TARGETS, must=TARGETS),
        Visit(query={"near": "{low}26"}, of=TARGETS, must=TARGETS),
        Visit(query={"group": "{low}set"}, of=TARGETS, must=TARGETS),
        Visit(query={"list": "{list_id}"}, must=TARGETS, who=frozenset({"owner"})),
    ),
    "tonight": (Visit(query={"telescope": "Site0", "date": "2026-01-15"}, must=TARGETS),),
    "proposals": tuple(
        Visit(state={"proposals_state": state}, must=must, who=SIGNED_IN)
        for state, must in (
            dict.fromkeys(STATES, ("watch",)) | {"New": ("proposal",), "Known": TARGETS}
        ).items()
    ),
    "observatories": (Visit(),),
    "upload": (
        Visit(must=TARGETS, who=SIGNED_IN),
        Visit(must=("private file", "embargoed file"), who=frozenset({"owner"}), proof=r"{word}\.fits"),
        Visit(query={"target": "{low}26"}, of=TARGETS),
    ),
    "jobs": (
        Visit(must=(*THINGS, "field")),
        Visit(state={"jobs_state": "dead"}, must=("private",), proof="{word}Bad.fits"),
    ),
    "archives": (Visit(must=("public",), never=CLOSED),),
    "data": (Visit(query={"sql": _SQL}, must=("public",), never=CLOSED),),
    "learn": tuple(Visit(query={"lesson": lesson}, never=CLOSED) for lesson in LESSONS),
    "groups": (Visit(must=("circle", "other circle")),),
    FOR_STAFF: (Visit(must=("staff", "private")),),
    "account": (Visit(must=("own",)),),
    "target": (
        *_TABS,
        Visit(query={"name": "{low}alias"}, of=TARGETS, must=TARGETS),
        Visit(query={"name": "{target_id}"}, of=TARGETS, must=TARGETS),
        Visit(query={"name": "{low}26", "point": "{point_id}"}, of=THINGS, must=THINGS, proof="{word}Star"),
        Visit(
            query={"name": "{low}26", "as_of": "{version}"}, of=TARGETS, must=THINGS, proof="{word} Observer"
        ),
    ),
    "camera": (Visit(query={"camera": "{oname}"}, of=THINGS),),
    "frame": (
        Visit(query={"frame": "{frame_id}"}, of=THINGS, must=THINGS, proof="{word} is bright"),
        Visit(query={"frame": "u{spectrum_id}"}, of=THINGS, must=THINGS, proof="{word}.txt"),
    ),
    "sign_up": (Visit(),),
    "set_up": (Visit(query={"key": "none"}),),
    "terms": (Visit(),),
}

# addresses that name what some may not see, and the same of what never was
NAMING: dict[str, tuple[dict[str, str], ...]] = {
    "target": ({"name": "{low}26"}, {"name": "{low}alias"}, {"name": "{target_id}"}),
    "targets": ({"q": "{low}"}, {"near": "{low}26"}, {"group": "{low}set"}, {"list": "{list_id}"}),
    "frame": ({"frame": "{frame_id}"}, {"frame": "u{spectrum_id}"}),
    "upload": ({"target": "{low}26"},),
}
MISSING: dict[str, object] = {
    "low": "nowhex", "target_id": 999_999, "frame_id": "u999999", "spectrum_id": 999_998, "list_id": 999_999,
}  # fmt: skip
