"""The forms of a page as they are found there: the fields that take text or numbers, and what sends them."""

from dataclasses import dataclass, field
from typing import Any

from drawn import nodes
from streamlit.testing.v1 import AppTest

TEXT_FIELDS = ("text_input", "text_area", "chat_input")
LOOSE = ""  # the form of what stands in none


@dataclass(slots=True)
class Form:
    """Fields that are sent together; the loose ones of a page are sent one by one as they are left."""

    texts: list[Any] = field(default_factory=list)
    numbers: list[Any] = field(default_factory=list)
    buttons: list[Any] = field(default_factory=list)


def forms_of(at: AppTest) -> dict[str, Form]:
    """Return the forms of a page by their ids."""
    found: dict[str, Form] = {}
    for node in nodes(at):
        kind = {"number_input": "numbers", "button": "buttons"}.get(node.type)
        if node.type in TEXT_FIELDS or takes_new_options(node):
            kind = "texts"
        if kind is not None and not node.proto.disabled:
            form_id = getattr(node.proto, "form_id", LOOSE)
            getattr(found.setdefault(form_id, Form()), kind).append(node)
    return found


def takes_new_options(node: Any) -> bool:  # noqa: ANN401 - AppTest has no name for any node
    """Return whether somebody may type into a box of choices."""
    return node.type in ("selectbox", "multiselect") and node.proto.accept_new_options


def is_secret(node: Any) -> bool:  # noqa: ANN401
    """Return whether a field takes a password."""
    return bool(node.type == "text_input" and node.proto.type == node.proto.PASSWORD)


def name_of(button: Any) -> str:  # noqa: ANN401
    """Return by what a button is found again in a later run."""
    return button.key or button.label


def buttons_of(at: AppTest) -> list[tuple[str, str]]:
    """Return the name of every button of a page, each after the form in which it stands."""
    return [(form_id, name_of(each)) for form_id, form in forms_of(at).items() for each in form.buttons]
