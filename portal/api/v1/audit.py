"""``/audit``: who signed in, downloaded and changed what; for staff."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, JsonValue

from lake.people.audit import AuditFilter, Entry, Kind, audit_page
from portal.api.identity import SignedIn, TheLake
from portal.api.v1.paging import MOST_ID, Cursor, Limit, Page, id_of, page_of
from portal.api.v1.target_models import Number, Text

router = APIRouter(tags=["audit"])


class EntryAnswer(BaseModel):
    """One line of the log."""

    audit_id: int
    at_mjd: float
    kind: Kind
    deed: str = Field(examples=["signed in"])
    who: str = Field(description="user name; empty: somebody without an account")
    address: str
    object_kind: str = Field(examples=["target"])
    object_id: int
    object_name: str
    before: dict[str, JsonValue]
    after: dict[str, JsonValue]


@router.get("/audit")
def list_all(  # noqa: PLR0913, PLR0917 - the filters are the query
    user: SignedIn,
    lake: TheLake,
    kind: Kind | None = None,
    who: Annotated[Text, Query(max_length=150, description="a user name")] = "",
    object_kind: Annotated[Text, Query(max_length=50, examples=["target"])] = "",
    object_id: Annotated[int, Query(ge=0, le=MOST_ID)] = 0,
    since_mjd: Annotated[Number | None, Query()] = None,
    cursor: Cursor = "",
    limit: Limit = 100,
) -> Page[EntryAnswer]:
    """List the log, the newest lines first; only staff may."""
    wanted = AuditFilter(
        kind=kind.value if kind else "",
        who=who,
        object_kind=object_kind,
        object_id=object_id,
        since_mjd=since_mjd,
        before_id=id_of(cursor),
    )
    answers = [_answer(each) for each in audit_page(lake.operations, wanted, user, limit=limit + 1)]
    return page_of(answers, [each.audit_id for each in answers], limit=limit)


def _answer(entry: Entry) -> EntryAnswer:
    return EntryAnswer.model_validate({name: getattr(entry, name) for name in EntryAnswer.model_fields})
