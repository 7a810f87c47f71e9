"""The filters of the target list in the session and in the address."""

from portal.target_list import choices
from portal.target_list.choices import FIELDS, Choices, key, of_address, remember, seed


def test_an_address_gives_back_the_choices_it_was_made_of() -> None:
    chosen = Choices(name="gaia 22", classification="SN", brighter=17.5, show="Observed", order="Name")
    assert of_address(chosen.address()) == chosen


def test_what_narrows_nothing_does_not_stand_in_the_address() -> None:
    assert Choices().address() == {}


def test_an_address_that_makes_no_sense_counts_as_not_chosen() -> None:
    wrong = {"class": "<b>", "brighter": "nan", "importance": "1e9", "show": "x", "order": "DROP"}
    assert of_address(wrong) == Choices()


def test_the_back_button_finds_the_filters_of_before() -> None:
    session: dict[str | int, object] = {}
    seed(session, {})
    session[key("name")] = "Sim"
    address = remember(session, Choices(name="Sim"))
    seed(session, {})  # another page was visited, then the menu led here without an address
    assert session[key("name")] == "Sim"
    seed(session, address)
    assert session[key("name")] == "Sim"


def test_an_address_from_outside_replaces_all_filters_of_before() -> None:
    session: dict[str | int, object] = {key(name): getattr(Choices(), name) for name in FIELDS}
    session[key("classification")] = "SN"
    seed(session, {"q": "Gaia"})
    assert session[key("name")] == "Gaia"
    assert session[key("classification")] == choices.ANY_CLASS


def test_the_faintest_mark_of_the_slider_means_no_limit_at_all() -> None:
    assert Choices().target_filter(1).brighter_than_mag is None
    assert Choices(brighter=18.0).target_filter(1).brighter_than_mag == 18.0
