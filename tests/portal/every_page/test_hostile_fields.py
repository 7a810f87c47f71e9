"""Every field on every page, whatever is typed: one plain answer, and plain text where it comes back."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from drawn import answers, armed, is_plain_sentence
from forms import LOOSE, Form, forms_of
from hostile import ALONE, IN_ONE_FIELD, LONG, MORE_FORMULAS, NUMBERS, good_number, good_words, import_of
from page_lakes import PASSWORD, SIMULATED_NAME
from public_lakes import published
from streamlit.testing.v1 import AppTest
from walking import Addresses, Walk

from lake.opening import Lake
from lake.operations import metadata, reading
from lake.people.accounts import create_user, find_user, open_session
from lake.people.groups import create_group
from portal import opened
from portal.accounts import joining
from portal.public_lake.desk import desk_of
from portal.security.throttle import Throttle

ADDRESSES: Addresses = {
    "target": {"name": SIMULATED_NAME},
    "camera": {"camera": "Ostrowik_CCD1"},
    "frame": {"frame": "u1"},
    "tonight": {"lon": "21", "lat": "52"},  # of no telescope that is known
}
Signs = Callable[[str], None]
_OF_SQL = re.compile(r"Parser Error: (.{1,400}).* \(line \d+\)", re.DOTALL)  # the database's own words
Typed = tuple[
    str, list[str], float | None
]  # what it is called, the texts, and the number in each other field


@pytest.fixture(scope="module")
def lake(built_full_lake: Lake) -> Iterator[Lake]:
    published(built_full_lake, name="paper-1", with_simulated=True)
    for name in ("user", "staff"):
        person = create_user(built_full_lake.operations, name, PASSWORD, is_staff=name == "staff")
        create_group(built_full_lake.operations, f"Group of {name}", by=person)
    yield built_full_lake
    desk_of(built_full_lake.settings).sandbox.close()


@pytest.fixture
def come(
    lake: Lake, signed_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Walk]:
    monkeypatch.setattr(joining, "_ASKING", Throttle(attempts=10_000, window_s=1.0))

    def begin(visitor: str) -> Walk:
        opened.use_lake(lake)
        person = find_user(lake.operations, visitor)
        signed_in(open_session(lake.operations, person) if person else "")
        return Walk()

    return begin


def faults(at: AppTest, before: list[str]) -> list[str]:
    """Return in words what is wrong with the answer to what was typed."""
    new = [_OF_SQL.sub(r"\1.", sentence) for sentence in answers(at) if sentence not in before]
    found = [f"exception {each.value[:300]}" for each in at.exception]
    found += [f"unescaped in {each}" for each in armed(at)]
    found += [f"says {each[:300]!r}" for each in new if not is_plain_sentence(each)]
    return found + ([f"says {len(new)} things: {new}"] if len(new) > 1 else [])


def rounds_of(form: Form, *, is_short: bool) -> Iterator[Typed]:
    """Give what is typed into the fields of a form, round by round."""
    if form.texts:
        for name, text in ALONE.items():
            if name in ("10,000 characters", "Markdown", "NUL") or not (is_short or name in MORE_FORMULAS):
                yield name, [text] * len(form.texts), None
    if is_short:
        return
    for name, text in IN_ONE_FIELD.items() if len(form.texts) > 1 else ():
        for place, hostile in enumerate(form.texts):
            typed = [good_words(each.key) for each in form.texts]
            yield f"{name} in {hostile.label}", [*typed[:place], text, *typed[place + 1 :]], None
    for number in NUMBERS if form.numbers else ():
        yield f"number {number}", [good_words(each.key) for each in form.texts], number


def send(at: AppTest, form_id: str, typed: Typed) -> AppTest | None:
    """Fill a form and press its button; None where the page has no such form now."""
    form = forms_of(at).get(form_id)
    if form is None or len(form.texts) != len(typed[1]):
        return None
    for text, words in zip(form.texts, typed[1], strict=True):
        text.set_value(words)
    for number in form.numbers if form_id or typed[2] is not None else ():
        number.set_value(_number_for(number, typed[2]))
    if form_id != LOOSE:
        form.buttons[0].click()
    return at.run()


def _number_for(field: Any, number: float | None) -> float | int:  # noqa: ANN401
    is_whole = field.proto.data_type == field.proto.INT
    if number is None:
        return 1 if is_whole else good_number(field.label)
    return 2**53 - 1 if is_whole else number


@pytest.mark.parametrize("visitor", ["user", "staff"])
def test_whatever_is_typed_is_answered_in_one_plain_sentence(
    visitor: str, lake: Lake, come: Callable[[str], Walk]
) -> None:
    walk = come(visitor)
    found, forms = [], set()
    for place in walk.places(ADDRESSES):
        for form_id, form in forms_of(walk.at_place(place, ADDRESSES)).items():
            if form_id != LOOSE and not form.buttons:
                continue
            for typed in rounds_of(form, is_short=visitor == "user"):
                before = answers(walk.at)
                at = send(walk.at, form_id, typed)
                if at is None:  # another page was opened by what was sent
                    before = answers(walk.at_place(place, ADDRESSES))
                    at = send(walk.at, form_id, typed)
                assert at is not None, (place, form_id)
                forms.add(form_id)
                found += [f"{place} {form_id} {typed[0]}: {each}" for each in faults(at, before)]
            walk.at_place(place, ADDRESSES)
    assert not found
    assert {"new_target", "note_form", "data_form", "sign_up", "profile", "departure", LOOSE} <= forms
    # what was stored is plain text wherever it is shown, and nothing longer than its field allows was
    assert not [(name, armed(at)) for name, at in walk.everywhere(ADDRESSES) if at.exception or armed(at)]
    assert LONG[:6000] not in str(stored(lake))


def stored(lake: Lake) -> list[object]:
    """Return every row of the operational database."""
    with reading(lake.operations) as connection:
        return [row for table in metadata.sorted_tables for row in connection.execute(table.select())]


def test_hostile_cells_of_a_csv_become_plain_descriptions(lake: Lake, come: Callable[[str], Walk]) -> None:
    walk = come("user")
    at = walk.open("targets")
    cells = [text for name, text in ALONE.items() if name not in ("10,000 characters", "NUL")]
    at.text_area(key="import_text").set_value(import_of(cells)).run()
    for button in ("import_check", "import_store"):
        at = at.button(key=button).click().run()
        assert not at.exception
    assert "targets added" in " ".join(answers(at))
    for number, cell in enumerate(cells):
        at = walk.open("target", name=f"Sent {number}")
        assert not at.exception
        assert not armed(at)
        assert cell in [text.value for text in at.text] or cell.removeprefix("'").strip() in str(at.text)
