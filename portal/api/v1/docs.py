"""``/docs``: the API for people, drawn from its own description; no script, nothing from elsewhere."""

import json
from html import escape
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse

router = APIRouter()
_METHODS = ("get", "post", "put", "patch", "delete", "head")
_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
pre{overflow:auto;padding:.6rem;border:1px solid #8886}
summary{cursor:pointer;padding:.35rem 0;overflow-wrap:anywhere}
details{border-bottom:1px solid #8884}
table{border-collapse:collapse;width:100%}
p{overflow-wrap:anywhere}
td{text-align:left;vertical-align:top;padding:.2rem .5rem .2rem 0}
b.m{display:inline-block;width:4.5rem}"""


@router.get("/docs", include_in_schema=False)
def page(request: Request) -> HTMLResponse:
    """Show every route with its parameters, bodies and answers."""
    told = request.app.openapi()
    schemas = told.get("components", {}).get("schemas", {})
    groups: dict[str, list[str]] = {}
    for path, item in told["paths"].items():
        for method in _METHODS:
            if method in item:
                group = item[method].get("tags", ["others"])[0]
                groups.setdefault(group, []).append(_route(method, path, item[method]))
    body = "".join(f"<h2>{escape(group)}</h2>{''.join(routes)}" for group, routes in groups.items())
    models = "".join(_model(name, schema) for name, schema in sorted(schemas.items()))
    words = "".join(f"<p>{escape(part)}</p>" for part in told["info"]["description"].split("\n\n"))
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>tomlake API</title>'
        f'<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style>"
        f"<h1>tomlake API {escape(told['info']['version'])}</h1>{words}"
        f'<p><a href="openapi.json">openapi.json</a></p>{body}<h2>Objects</h2>{models}</html>'
    )


def _route(method: str, path: str, told: dict[str, Any]) -> str:
    parameters = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['in'])}"
        f"{', required' if each.get('required') else ''}</td><td>{escape(_kind(each['schema']))}</td>"
        f"<td>{escape(each.get('description', ''))}</td></tr>"
        for each in told.get("parameters", [])
    )
    table = f"<table>{parameters}</table>" if parameters else ""
    sent = _contents("Send", told.get("requestBody", {}))
    answers = "".join(
        _contents(f"{status}: {each['description']}", each)
        for status, each in told["responses"].items()
        if not status.endswith("XX")
    )
    return (
        f'<details><summary><b class="m">{method.upper()}</b><code>/api/v1{escape(path)}</code></summary>'
        f"<p>{escape(told.get('description', ''))}</p><p>{escape(_needed(told))}</p>{table}{sent}{answers}"
        f"<pre>{escape(_curl(method, path, told))}</pre></details>"
    )


def _needed(told: dict[str, Any]) -> str:
    """Return who may ask, in words."""
    ways = told.get("security", [])
    scopes = [scope for way in ways for scope in way.get("token", [])]
    if not scopes:
        return "For everybody, without an account."
    scope = f"a token for: {scopes[0]}"
    return f"What is public is for everybody; more needs {scope}." if {} in ways else f"It needs {scope}."


def _contents(title: str, told: dict[str, Any]) -> str:
    if not told:
        return ""
    kinds = "; ".join(
        f"{media_type} {_kind(each.get('schema', {}))}"
        for media_type, each in told.get("content", {}).items()
    )
    return f"<p><b>{escape(title)}</b> {escape(kinds)}</p>"


def _curl(method: str, path: str, told: dict[str, Any]) -> str:
    verb = "" if method == "get" else f" -X {method.upper()}"
    data = " -H 'Content-Type: application/json' -d '{...}'" if "requestBody" in told else ""
    if "octet-stream" in json.dumps(told.get("requestBody", {})):
        data = " --data-binary @file.fits"
    return f"curl{verb} -H 'Authorization: Bearer tl_...'{data} https://HOST/api/v1{path}"


def _model(name: str, schema: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(field)}</code></td><td>{escape(_kind(each))}</td>"
        f"<td>{escape(each.get('description', ''))}</td></tr>"
        for field, each in schema.get("properties", {}).items()
    )
    examples = "".join(
        f"<pre>{escape(json.dumps(each, indent=1))}</pre>" for each in schema.get("examples", [])
    )
    words = escape(schema.get("description", ""))
    return (
        f"<details><summary><code>{escape(name)}</code></summary><p>{words}</p>"
        f"<table>{rows}</table>{examples}</details>"
    )


def _kind(schema: dict[str, Any]) -> str:
    """Return the type of a value in words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    return str(schema.get("type", ""))
