"""The target that a request of BHTOM's clients names, or a refusal in the words that its route has."""

from engine.errors import Rejected
from engine.target import Target
from lake.opening import Lake
from lake.people.accounts import User
from lake.targets import get_target
from portal.api.bhtom.pages import id_or_refused
from portal.api.fields import Fields, text_of
from portal.api.reply import Refused


def target_or_refused(
    lake: Lake, name: str | int, user: User | None, *, key: str, sentence: str = "", status: int = 404
) -> Target:
    """Return the target of a name or number that the user may see.

    Parameters
    ----------
    key
        Under which the route tells what is wrong.
    sentence
        What it tells; the refusal's own reason where it says nothing else.
    """
    try:
        return get_target(lake.operations, name, user)
    except Rejected as error:
        raise Refused(status, {key: sentence or error.reason}) from error


def named_or_numbered(lake: Lake, fields: Fields, user: User, *, key: str) -> Target:
    """Return the target whose name or number, and not both, stands in the fields."""
    name, target_id = text_of(fields, "target_name"), id_or_refused(fields, "target_id", key=key)
    asked = name if target_id is None else target_id
    if asked is None or None not in (name, target_id):
        raise Refused(400, {key: "Provide either target_name or target_id, not both."})
    return target_or_refused(lake, asked, user, key=key)
