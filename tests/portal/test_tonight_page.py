"""The page *Tonight* and the part of a target's page: what they show, to whom, and what the address keeps."""

from datetime import date

import pytest
from page_lakes import HOSTILE_NAME, REAL_NAME, SIMULATED_NAME
from page_visits import visit, words

from lake.opening import Lake
from lake.sites.telescopes import telescope_at
from portal import data
from portal.fmt import plural
from portal.observing import tonight
from portal.observing.night_choices import ELSEWHERE, NightChoices, of_address, remember, seed

NIGHT = {"telescope": "Ostrowik", "date": "2025-11-10", "altitude": "10"}  # RA 20 to 160 pass at night


def table(at) -> list[str]:  # noqa: ANN001
    return list(at.dataframe[0].value["Target"])


def test_the_page_ranks_targets_for_the_telescope_and_night_of_the_address(full_lake: Lake) -> None:
    at = visit("tonight", **NIGHT)
    assert not at.exception
    assert at.header[0].value == "Ostrowik, night of 10 November 2025"
    names = table(at)
    assert REAL_NAME in names
    assert HOSTILE_NAME in names
    assert dict(at.query_params) == NIGHT
    spec = at.get("vega_lite_chart")[0]
    assert spec is not None


def test_a_private_target_is_in_no_strangers_list(full_lake: Lake, staff_session: str, signed_in) -> None:  # noqa: ANN001
    assert "Secret1" not in table(visit("tonight", **NIGHT))
    signed_in(staff_session)
    assert "Secret1" in table(visit("tonight", **NIGHT))


def test_the_first_target_is_told_with_its_reasons_and_nights_long_ago_work(full_lake: Lake) -> None:
    at = visit("tonight", **NIGHT | {"date": "1960-11-10"})
    assert not at.exception
    first = at.dataframe[0].value.iloc[0]
    told = words(at).replace("\\", "")
    assert f"**First:** {first['Target']} at {first['Best']} UTC, " in told
    assert first["Why"] in told


def test_any_site_can_be_typed_and_is_kept_by_the_address(full_lake: Lake) -> None:
    asked = {"lon": "-70.7", "lat": "-29.3", "date": "2025-11-10"}
    at = visit("tonight", **asked)
    assert not at.exception
    assert "29\\.30 S, 70\\.70 W" in at.header[0].value
    at.number_input(key="night_longitude").set_value(21.4).run()
    assert dict(at.query_params)["lon"] == "21.4"


def test_without_a_place_the_page_asks_for_one(empty_lake: Lake) -> None:
    at = visit("tonight")
    assert not at.exception
    assert "Where do you observe?" in words(at)


def test_a_night_without_dark_says_what_to_change(full_lake: Lake) -> None:
    at = visit("tonight", lon="18.9", lat="69.7", date="2025-06-21")
    assert not at.exception
    assert "Nothing can be observed within these limits" in words(at)


def test_the_target_page_says_from_where_it_is_best_seen(full_lake: Lake) -> None:
    at = visit("target", name=SIMULATED_NAME)
    at.session_state["target_tab"] = ":material/bedtime: Tonight"
    at.run()
    assert not at.exception
    row = data.target_named(SIMULATED_NAME, None)
    assert row is not None
    found = tonight.target_chances(row.target, None)
    sentence = tonight.best_sentence(found)
    best, count = found[0].telescope.site.name, plural(len(found), "telescope")
    assert sentence.startswith((f"Best from {best} at ", f"None of {count} here"))
    assert sentence.split(" at ")[0].split(":")[0] in words(at).replace("\\", "")


def test_the_sentence_names_the_best_telescope_its_moment_and_height(full_lake: Lake) -> None:
    assert (
        tonight.best_sentence([]) == "No telescope is registered here yet: the page Tonight takes any site."
    )


@pytest.mark.parametrize(
    "chosen",
    [
        NightChoices(telescope="Ostrowik"),
        NightChoices(telescope="Łódź & more", altitude=45.0, evening=date(2026, 1, 2), twilight="civil"),
        NightChoices(telescope=ELSEWHERE, longitude=-70.7, latitude=-29.25, aperture=0.4, moon=30.0),
    ],
)
def test_an_address_brings_back_what_was_chosen(chosen: NightChoices) -> None:
    assert of_address(chosen.address()) == chosen


def test_nonsense_in_an_address_counts_as_not_chosen() -> None:
    asked = {
        "lon": "9e9",
        "lat": "x",
        "date": "2500-01-01",
        "altitude": "-4",
        "twilight": "never",
        "moon": "nan",
    }
    assert of_address(asked) == NightChoices()


def test_the_session_keeps_its_choices_until_another_address_comes_from_outside() -> None:
    telescopes = [telescope_at(21.4, 52.1)]
    session: dict[str | int, object] = {}
    seed(session, {}, telescopes)
    assert session["night_telescope"] == telescopes[0].site.name
    session["night_altitude"] = 50.0
    own = remember(session, NightChoices(telescope=telescopes[0].site.name, altitude=50.0))
    seed(session, own, telescopes)
    assert session["night_altitude"] == 50.0
    seed(session, {"telescope": "Gone", "altitude": "20"}, telescopes)
    assert (session["night_telescope"], session["night_altitude"]) == (telescopes[0].site.name, 20.0)
