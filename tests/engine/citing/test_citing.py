"""What a paper writes of a light curve: counted rightly, and safe in LaTeX whatever people wrote."""

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.brokers.registry import BROKERS
from engine.citing.bibtex import bibtex, is_bibcode
from engine.citing.cited import Cited, Papers, Person, cited
from engine.citing.latex import latex_name, latex_text
from engine.citing.sentences import acknowledgements, author_list, methods
from engine.citing.tables import deluxetable, latex_table
from engine.lightcurve import Flag, empty, light_curve

ARCHIVES = {broker.info.key: broker.info for broker in BROKERS}
ADA = Person(
    name="Ada Łoś", latex_name=r"Ada {\L}o\'s", affiliation="Hill & Dale", orcid="0000-0002-1825-0097"
)
NASTY = r"\input{/etc/passwd} %$&#_{}~^\\ }\end{table}"
OURS = {
    "textbackslash", "textbraceleft", "textbraceright", "textasciitilde", "textasciicircum", "textless",
    "textgreater", "textbar", "textasciigrave",
}  # fmt: skip
ACCENTS = {"ss", "ae", "AE", "oe", "OE", "aa", "AA", "o", "O", "l", "L", "i", "j", *"cvuHkrbd"}
SIGNS = st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\\{}%$&#_^~`'\"abcLvH ")), max_size=40)


def commands(latex: str) -> set[str]:
    return set(re.findall(r"\\([A-Za-z]+|.)", latex, re.DOTALL))


def braces_match(latex: str) -> bool:
    depth = 0
    for sign in latex:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


@given(SIGNS)
def test_no_text_of_a_person_becomes_a_command_comment_or_formula(text: str) -> None:
    latex = latex_text(text)
    assert commands(latex) <= OURS | set("$&#%_")
    assert braces_match(latex)
    assert not re.search(r"(?<!\\)[$&#%_]", latex)
    assert not set("~^`\n\r") & set(latex)


@given(SIGNS, SIGNS)
def test_a_latex_name_has_no_command_but_accents(name: str, own: str) -> None:
    latex = latex_name(name, own)
    assert commands(latex) <= OURS | ACCENTS | set("$&#%_`'^\"~=.")
    assert braces_match(latex)
    assert not re.search(r"(?<!\\)[$&#%_]", latex)


@pytest.mark.parametrize(
    "own", [r"Wyrzykowski, {\L}ukasz", r"Jos\'e Mu\~noz", r"\v{S}koda", r"G\"{o}del", r"\'{\i}", "Łoś"]
)
def test_accents_stay_as_their_owner_writes_them(own: str) -> None:
    assert latex_name("Somebody", own) == own


@pytest.mark.parametrize("own", [r"\Lukasz", r"\input{x}", "a^^5cb", "a%b", "}{", r"\def\x{}", "a\nb"])
def test_a_latex_name_that_would_do_more_is_not_used(own: str) -> None:
    assert latex_name("Plain Name", own) == "Plain Name"


def curve() -> pl.DataFrame:
    """Return a hand-made light curve: frames of two people, ZTF, ALeRCE, and an unknown source."""
    a, b = "a" * 64, "b" * 64
    common = {
        "target_id": 1,
        "band": "V(GaiaSP)",
        "mag_err": 0.1,
        "facility": "Hill_1",
        "calib_version": "2.1",
    }
    seen = {"target_id": 1, "source_ref": "1", "band": "ZTF(zg)", "mjd": 60003.0, "mag": 17.0, "mag_err": 0.1}
    own = common | {"source": "upload", "mag": 15.0}
    rows = [
        own | {"source_ref": f"{a}:", "mjd": 60000.0, "observer": "Ada Łoś"},
        own | {"source_ref": f"{b}:R", "mjd": 60001.0, "observer": f"Ada Łoś, {NASTY}"},
        seen | {"source": "ztf", "mag": None, "mag_err": None, "limit_mag": 20.5, "observer": "ZTF"},
        seen | {"source": "alerce", "flags": int(Flag.SIMULATED)},
        seen | {"source": "alerce_lsst"},
        seen | {"source": "strange_one", "mjd": 60004.0},
    ]
    return light_curve(pl.DataFrame(rows))


def told() -> Cited:
    papers = Papers(
        people={"a" * 64: (ADA,), "b" * 64: (ADA,)},
        thanks={"Hill_1": "We thank 100% of the hill.", "Other": "Nobody asked."},
        archives=ARCHIVES,
        software=("tomlake 0.2.0",),
        lake_version=7,
    )
    return cited(curve(), "AT_2024&x", papers)


def test_observers_come_in_the_order_of_their_points_with_affiliation_and_orcid() -> None:
    assert [(person.name, points) for person, points in told().people] == [("Ada Łoś", 2), (NASTY.strip(), 1)]
    first, affiliation, second = author_list(told()).splitlines()
    assert first.startswith(r"\author[0000-0002-1825-0097]{Ada {\L}o\'s}")
    assert affiliation == r"\affiliation{Hill \& Dale}"
    assert r"\input" not in second and r"\end" not in second


def test_who_has_a_new_name_is_credited_by_it_and_strangers_stay() -> None:
    points = curve().with_columns(
        observer=pl.when(pl.col("source") == "upload").then(pl.lit("Ada Old, Bob Stranger"))
    )
    papers = Papers(people={"a" * 64: (ADA,), "b" * 64: (ADA,)})
    assert [person.name for person, _ in cited(points, "X", papers).people] == [ADA.name, "Bob Stranger"]


def test_a_paper_of_two_archives_has_one_entry_made_of_its_bibcode_alone() -> None:
    text = bibtex(told())
    assert text.count("@MISC{2021AJ....161..242F,") == 1
    entry = text[text.index("@MISC{2021AJ....161..242F,") :].split("\n}\n")[0]
    for line in ("year = {2021}", "journal = {AJ}", "volume = {161}", "pages = {242}"):
        assert line in entry
    assert "author =" not in text and "title =" not in text.replace("title and", "")
    assert braces_match(text)


def test_every_citation_of_an_archive_is_a_bibcode_that_gives_an_entry() -> None:
    assert [info.key for info in ARCHIVES.values() if not is_bibcode(info.citation)] == []


def test_telescopes_and_archives_are_thanked_once_and_only_those_that_gave_points() -> None:
    words = acknowledgements(told())
    assert r"We thank 100\% of the hill." in words
    assert "Nobody asked" not in words
    assert latex_text(ARCHIVES["ztf"].acknowledgement) in words
    assert len(words.split("\n\n")) == len(set(words.split("\n\n")))


def test_the_methods_say_numbers_days_bands_versions_and_what_is_simulated() -> None:
    words = methods(told())
    for each in (
        r"AT\_2024\&x has 6 points, 1 upper limit among them", "2023 February 25 to 2023 March 1",
        "ZTF(zg) (4) and V(GaiaSP) (2)", r"Hill\_1 (2)", "2 observers", "version 2.1", "version 7",
        "tomlake 0.2.0", r"strange\_one (1)", "1 of the points are simulated", "2019PASP..131a8003M",
    ):  # fmt: skip
        assert each in words


def test_the_tables_have_a_row_for_each_point_and_as_many_cells_as_heads() -> None:
    for text in (latex_table(curve(), NASTY), deluxetable(curve(), NASTY)):
        rows = [line for line in text.splitlines() if re.match(r"\d{5}\.", line)]
        assert len(rows) == 6
        assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {7}
        assert "$>$20.500" in text and r"\input" not in text
        assert braces_match(text)


def test_a_light_curve_without_points_gives_nothing_to_write() -> None:
    nothing = cited(empty(), "X", Papers(archives=ARCHIVES))
    assert (methods(nothing), acknowledgements(nothing), author_list(nothing), bibtex(nothing)) == ("",) * 4
    assert deluxetable(empty(), "X").count(r"\\") == 0
