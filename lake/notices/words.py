"""What a notice says, in one sentence, and where it leads."""

from urllib.parse import urlencode

from engine.marking import marked
from lake.notices.kinds import Kind
from lake.notices.notices import Notice

FILES_DONE = marked("Your files: measured {measured}, limits {limit}, rejected {rejected}, failed {failed}.")
SENTENCES = {
    Kind.MENTION: marked("{by} mentions you in a note on {target}."),
    Kind.COMMENT: marked("{by} wrote a note on {target}."),
    Kind.FRAMES: FILES_DONE,
    Kind.WAITING: marked("{name} asks for an account."),
    Kind.POINTS: marked("New points of {target} by others: {points}."),
}
ACCOUNT_APPROVED = marked("Your account is approved: welcome.")
CAMERA_APPROVED = marked("Your camera {camera} is approved.")
BRIGHTENED = marked("{target} brightened by {change_mag:.2f} mag, to {mag:.2f} in {band}.")
FADED = marked("{target} faded by {change_mag:.2f} mag, to {mag:.2f} in {band}.")


def template_of(notice: Notice) -> str:
    """Return the sentence of a notice with places for ``fields_of``."""
    if notice.kind == Kind.APPROVED:
        return CAMERA_APPROVED if notice.facts.get("camera") else ACCOUNT_APPROVED
    if notice.kind == Kind.CHANGE:
        return BRIGHTENED if notice.facts["is_brighter"] else FADED
    return SENTENCES[notice.kind]


def fields_of(notice: Notice) -> dict[str, object]:
    """Return what belongs into the sentence of a notice."""
    return {**notice.facts, "target": notice.target_name}


def sentence_of(notice: Notice) -> str:
    """Return what a notice says."""
    return template_of(notice).format(**fields_of(notice))


def path_of(notice: Notice) -> str:
    """Return the page that a notice leads to, such as ``/target?name=Gaia22dkv``."""
    query = query_of(notice)
    return f"/{page_of(notice)}" + (f"?{urlencode(query)}" if query else "")


def page_of(notice: Notice) -> str:
    """Return the name of the page that a notice leads to."""
    if notice.target_name:
        return "target"
    others = {Kind.FRAMES: "upload", Kind.WAITING: "admin"}
    if notice.kind == Kind.APPROVED and notice.facts.get("camera"):
        return "camera"
    return others.get(notice.kind, "account")


def query_of(notice: Notice) -> dict[str, str]:
    """Return what the page that a notice leads to is asked for."""
    if notice.target_name:
        is_of_note = notice.kind in {Kind.MENTION, Kind.COMMENT}
        return {"name": notice.target_name} | ({"note": str(notice.comment_id)} if is_of_note else {})
    camera = str(notice.facts.get("camera", ""))
    return {"camera": camera} if notice.kind == Kind.APPROVED and camera else {}
