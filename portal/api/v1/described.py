"""The description of ``/api/v1``: what each route may answer, and which scope of a token it needs."""

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from lake.people.tokens import Scope
from portal.api.identity import asking, signed_in
from portal.api.v1.problems import MEDIA_TYPE, Problem
from portal.security.cookie import SESSION_COOKIE
from portal.security.rate import LIMIT_HEADERS
from portal.security.scopes import needed_scope

PREFIX = "/api/v1"
NO_NUL = "^[^\\u0000]*$"
Told = dict[str, Any]

_CONTENT = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_SECONDS = {"schema": {"type": "integer", "minimum": 1}, "description": "seconds to wait before asking again"}
_RETRY = {"Retry-After": _SECONDS}
_LIMITS = {
    name: {"schema": {"type": "integer", "minimum": 0}, "description": words}
    for name, words in LIMIT_HEADERS.items()
}
_SCHEMES = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": f"A token of yours, `tl_...`, with a scope: {', '.join(Scope)}. Each operation names "
        "the one that it needs; `admin` beside it lets staff do what staff may.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Set by signing in; requests that change something need X-Requested-With with it.",
    },
}


def described(api: FastAPI, routes: Sequence[APIRoute]) -> Told:
    """Return the whole description."""
    told = get_openapi(
        title=api.title,
        version=api.version,
        description=api.description,
        routes=api.routes,
        tags=_tags(routes),
    )
    told["servers"] = [{"url": PREFIX}]
    components = told.setdefault("components", {})
    defined = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components.setdefault("schemas", {}).update(defined.pop("$defs", {}) | {"Problem": defined})
    components["securitySchemes"] = _SCHEMES
    components["headers"] = _LIMITS
    for route in routes:
        if route.include_in_schema:
            for method in route.methods or ():
                _complete(told["paths"][route.path_format][method.lower()], route, method)
    return told


def _complete(operation: Told, route: APIRoute, method: str) -> None:
    calls = set(_calls(route.dependant))
    operation["security"] = _security(needed_scope(method, PREFIX + route.path_format), calls)
    for parameter in operation.get("parameters", ()):
        _without_nul(parameter["schema"])
    answers = operation["responses"]
    for status, words, headers in _refusals(operation, calls):
        answers.setdefault(status, {"description": words, "content": _CONTENT, "headers": headers})
    for status, answer in answers.items():
        if status.startswith("2") and method == "HEAD":
            answer.pop("content", None)
        limits = {name: {"$ref": f"#/components/headers/{name}"} for name in _LIMITS}
        answer["headers"] = answer.get("headers", {}) | limits
    operation["responses"] = dict(sorted(answers.items()))


def _security(scope: Scope, calls: set[object]) -> list[Told]:
    if not calls & {asking, signed_in}:
        return []
    ways: list[Told] = [{"token": [scope.value]}, {"session": []}]
    return ways if signed_in in calls else [{}, *ways]


def _refusals(operation: Told, calls: set[object]) -> Iterator[tuple[str, str, Told]]:
    sent = operation.get("parameters", [])
    names, places = {each["name"] for each in sent}, {each["in"] for each in sent}
    if sent or "requestBody" in operation:
        yield "400", "a value is missing, or is none that can be used", {}
    if calls & {asking, signed_in}:
        yield "401", "the token is not valid, or none was sent where one is needed", _CHALLENGE
        yield "403", "the token has not the scope, or you have not the right", {}
    if "path" in places or names & {"as_of", "since", "target", "targets"}:
        yield "404", "there is no such thing, or you may not see it", {}
    if "accept" in operation.get("description", "").lower() or "format" in names:
        yield "406", "`Accept` names no format that there is", {}
    if signed_in in calls:
        yield "409", "it is taken, moved or busy: `code` tells which", _RETRY
    if "if-match" in names:
        yield "412", "it changed since you read it: read it again", {}
    if "requestBody" in operation:
        yield "413", "that is too large", {}
    yield "429", "too many requests of this token or address", _RETRY
    yield "503", "not now: ask again later", _RETRY


_CHALLENGE = {"WWW-Authenticate": {"schema": {"type": "string"}}}


def _without_nul(schema: Told) -> None:
    """Tell of a text that it has no NUL, where nothing narrower is told of it."""
    if schema.get("type") == "string" and not {"pattern", "enum", "anyOf", "format"} & schema.keys():
        schema["pattern"] = NO_NUL
    if isinstance(schema.get("items"), dict):
        _without_nul(schema["items"])


def _calls(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _tags(routes: Sequence[APIRoute]) -> list[Told]:
    named = [str(tag) for route in routes for tag in route.tags]
    return [{"name": tag} for tag in dict.fromkeys(named)]
