"""``/archives``: how each archive fares, and what each said of a target."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from engine.brokers.reach import reason_not_to_ask
from engine.brokers.registry import BROKERS, served
from engine.errors import Rejected
from lake.archive_answers import answers_of, open_answer
from lake.archives import asked_now, harvests_of_target, list_archive_health, request_harvest
from lake.public.origin import origin_of
from lake.targets import get_target
from portal.api.identity import SignedIn, TheLake, Visitor
from portal.api.v1.targets import Name
from portal.api.whole_file import pieces_of
from portal.at_work.archives import state_of

router = APIRouter(tags=["archives"])
Key = Annotated[str, Path(max_length=40, description="as light curves name their source", examples=["ztf"])]


class RawBytes(Response):
    """Bytes as they came; what they are is for the archive to say."""

    media_type = "application/octet-stream"


class ArchiveAnswer(BaseModel):
    """One archive."""

    key: str = Field(description="as light curves name their source", examples=["gaia_alerts"])
    title: str
    state: str = Field(description="well, trouble, rests, needs an account, by file, or not asked yet")
    covers: str
    bands: list[str]
    bibcode: str
    acknowledgement: str
    homepage: str
    last_success_mjd: float | None
    last_failure_mjd: float | None
    latency_s: float | None
    failures: int = Field(description="in a row")
    reason: str
    code: str


class SaidAnswer(BaseModel):
    """What one archive last said of a target."""

    key: str
    points: int = Field(description="of its last answer; 0 where it never saw the target")
    asked_mjd: float | None
    answered_mjd: float | None
    is_asked_now: bool
    reason: str = Field(description="why it did not answer; empty since it did")
    code: str
    release: str


class RawAnswer(BaseModel):
    """One answer that changed what the lake has of a target; points name it by `batch_id`."""

    batch_id: str
    archive: str
    made_mjd: float = Field(description="when its rows were written")
    code_version: str = Field(description="of the code that read it")
    raw_sha256: str
    is_kept: bool


class Asked(BaseModel):
    """How many archives are asked again."""

    archives: int


@router.get("/archives")
def list_archives(lake: TheLake) -> list[ArchiveAnswer]:
    """Tell of every archive how it fares."""
    health = {each.archive: each for each in list_archive_health(lake.operations)}
    answers = []
    for known in BROKERS:
        info, fares = known.info, health.get(known.info.key)
        answers.append(
            ArchiveAnswer(
                key=info.key,
                title=info.title,
                state=state_of(info, fares, has_account=info.account in lake.settings.secrets),
                covers=info.coverage,
                bands=list(info.bands),
                bibcode=info.citation,
                acknowledgement=info.acknowledgement,
                homepage=info.homepage,
                last_success_mjd=fares.last_success_mjd if fares else None,
                last_failure_mjd=fares.last_failure_mjd if fares else None,
                latency_s=fares.latency_s if fares else None,
                failures=fares.failures if fares else 0,
                reason=fares.reason if fares else "",
                code=fares.code if fares else "",
            )
        )
    return answers


@router.get("/targets/{name}/archives")
def said(user: Visitor, lake: TheLake, name: Name) -> list[SaidAnswer]:
    """Give what each archive last said of a target."""
    target_id = get_target(lake.operations, name, user).target_id or 0
    open_keys = {job.args.get("source", "") for job in asked_now(lake.operations, target_id)}
    return [
        SaidAnswer(
            key=each.archive,
            points=each.rows,
            asked_mjd=each.asked_mjd,
            answered_mjd=each.answered_mjd,
            is_asked_now=each.archive in open_keys,
            reason=each.reason,
            code=each.code,
            release=each.release,
        )
        for each in harvests_of_target(lake.operations, target_id)
    ]


@router.get("/targets/{name}/archives/{archive}/answers")
def answers(user: Visitor, lake: TheLake, name: Name, archive: Key) -> list[RawAnswer]:
    """List the answers of an archive that points of a target were read from, the newest first."""
    target = get_target(lake.operations, name, user)
    found = answers_of(lake, target.target_id or 0, archive)
    return [RawAnswer(**{field: getattr(each, field) for field in RawAnswer.model_fields}) for each in found]


@router.get(
    "/targets/{name}/archives/{archive}/answers/{batch_id}",
    response_class=RawBytes,
    responses={200: {"content": {RawBytes.media_type: {"schema": {"type": "string", "format": "binary"}}}}},
)
def answer(
    user: Visitor, lake: TheLake, name: Name, archive: Key, batch_id: Annotated[str, Path(max_length=40)]
) -> Response:
    """Give what an archive answered, byte for byte, as a file."""
    target = get_target(lake.operations, name, user)
    file = open_answer(lake, target.target_id or 0, archive, batch_id)
    headers = {
        "Content-Disposition": 'attachment; filename="answer"',  # a page of somebody else never runs here
        "Cache-Control": "private, no-cache",
        "Vary": "Authorization, Cookie",
    }
    return StreamingResponse(pieces_of(file), media_type=RawBytes.media_type, headers=headers)


@router.post("/targets/{name}/archives", status_code=202)
def ask_again(user: SignedIn, lake: TheLake, name: Name) -> Asked:
    """Ask every archive that can know the target again."""
    target = get_target(lake.operations, name, user)
    if origin_of(lake.settings) is not None:
        raise Rejected("This is a copy: ask the archives where it is at home.", code="is-a-copy")
    able = [info for info in served(lake.settings.secrets) if not reason_not_to_ask(info, target)]
    for info in able:
        request_harvest(lake.operations, info.key, target.target_id or 0)
    return Asked(archives=len(able))
