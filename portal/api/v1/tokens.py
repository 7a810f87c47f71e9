"""``/tokens``: your own tokens; a secret is told once, where it is made, and never again."""

from math import inf
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from engine.errors import Rejected
from engine.times import mjd_now
from lake.opening import Lake
from lake.people.accounts import Scope, Token, User, issue_token, list_tokens, revoke_token, rotate_token
from lake.people.tokens import DAYS_MAX, NAME_MAX_CHARS, bearer_of
from portal.api.identity import SignedIn, TheLake, token_of
from portal.api.v1.paging import MOST_ID, Cursor, Limit, Page, id_of, page_of
from portal.api.v1.target_models import Text

router = APIRouter(tags=["tokens"])
TokenId = Annotated[int, Path(ge=1, le=MOST_ID)]


class TokenAnswer(BaseModel):
    """A token, without its secret."""

    token_id: int
    name: str
    prefix: str = Field(description="how the secret begins", examples=["tl_Ab3xY"])
    scopes: list[Scope]
    created_mjd: float
    last_used_mjd: float | None
    expires_mjd: float | None = Field(description="null: until it is revoked")


class FreshToken(TokenAnswer):
    """A token that was made just now."""

    secret: str = Field(description="told this once: keep it")


class NewToken(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "dome", "scopes": ["read", "upload"], "days": 365}]},
    )
    name: Text = Field(min_length=1, max_length=NAME_MAX_CHARS)
    scopes: list[Scope] = Field(min_length=1, max_length=4, description="what it may do; no more than you")
    days: float | None = Field(None, gt=0, le=DAYS_MAX, description="null: until it is revoked")


def own_token(request: Request, user: SignedIn, lake: TheLake) -> Token | None:
    """Return the token by which somebody asks; None in a browser's session, which may do everything."""
    secret = token_of(request.headers.get("authorization", ""))
    bearer = bearer_of(lake.operations, secret) if secret else None
    if bearer is None:
        return None
    for each in list_tokens(lake.operations, user):
        if each.token_id == bearer.token_id:
            return each
    raise Rejected("This token was revoked meanwhile.", code="no-right")


OwnToken = Annotated[Token | None, Depends(own_token)]


@router.get("/tokens")
def list_all(user: SignedIn, lake: TheLake, cursor: Cursor = "", limit: Limit = 100) -> Page[TokenAnswer]:
    """List your tokens that were not revoked, the newest first."""
    before = id_of(cursor)
    found = [each for each in list_tokens(lake.operations, user) if before is None or each.token_id < before]
    answers = [_answer(each) for each in found[: limit + 1]]
    return page_of(answers, [each.token_id for each in answers], limit=limit)


@router.post("/tokens", status_code=201)
def make(user: SignedIn, lake: TheLake, own: OwnToken, body: NewToken, response: Response) -> FreshToken:
    """Make a token of yours; a token cannot make one that may do more, or lives longer, than itself."""
    _refuse_more(frozenset(body.scopes), own)
    ends_mjd = inf if body.days is None else mjd_now() + body.days
    if own is not None and own.expires_mjd is not None and ends_mjd > own.expires_mjd:
        raise Rejected("This token cannot make one that outlives it: give fewer days.", code="no-right")
    secret = issue_token(lake.operations, user, name=body.name, scopes=body.scopes, days=body.days)
    response.headers["Cache-Control"] = "no-store"
    return _fresh(lake, user, secret)


@router.post("/tokens/{token_id}/rotate", status_code=201)
def rotate(user: SignedIn, lake: TheLake, own: OwnToken, token_id: TokenId, response: Response) -> FreshToken:
    """Give a token of yours a new secret; the old one ends at once."""
    for each in list_tokens(lake.operations, user):
        if each.token_id == token_id:
            _refuse_more(frozenset(each.scopes), own)
    secret = rotate_token(lake.operations, user, token_id)
    response.headers["Cache-Control"] = "no-store"
    return _fresh(lake, user, secret)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke(user: SignedIn, lake: TheLake, token_id: TokenId) -> Response:
    """End one of your tokens."""
    if not revoke_token(lake.operations, user, token_id):
        raise Rejected("You have no such token.", code="unknown-token")
    return Response(status_code=204)


def _refuse_more(wanted: frozenset[Scope], own: Token | None) -> None:
    more = wanted - frozenset(Scope if own is None else own.scopes)
    if more:
        words = ", ".join(sorted(more))
        raise Rejected(f"This token may not give what it has not: {words}.", code="no-right")


def _fresh(lake: Lake, user: User, secret: str) -> FreshToken:
    made = next(each for each in list_tokens(lake.operations, user) if secret.startswith(each.prefix))
    return FreshToken(**_answer(made).model_dump(), secret=secret)


def _answer(token: Token) -> TokenAnswer:
    told = {name: getattr(token, name) for name in TokenAnswer.model_fields if name != "scopes"}
    return TokenAnswer(**told, scopes=list(token.scopes))
