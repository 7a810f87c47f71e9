"""What OpenAPI tells of the routes whose parameters know no case, and are therefore read by hand."""

from collections.abc import Mapping

from portal.api.vo.votable import MEDIA_TYPE

_ERRORS = {400: "Refused", 401: "The token is not valid", 413: "Too large", 429: "Too many queries",
           501: "Not offered", 503: "Try again later"}  # fmt: skip
_TABLE = {MEDIA_TYPE: {"schema": {"type": "string"}}}
_TEXTS = {kind: {"schema": {"type": "string"}} for kind in ("text/csv", "text/tab-separated-values")}

Described = dict[str, object]


REFUSALS: dict[int | str, dict[str, object]] = {
    words: {"description": "refused, in words", "content": {**_TABLE, "application/json": {"schema": {}}}}
    for words in ("4XX", "5XX")
}


def _parameter(name: str, description: str, kind: str, *, required: bool = False) -> Described:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": {"type": kind},
    }


def _described(parameters: list[Described], good: Mapping[str, object]) -> Described:
    refusals = {str(code): {"description": words, "content": _TABLE} for code, words in _ERRORS.items()}
    return {
        "parameters": parameters,
        "responses": {"200": {"description": "A table", "content": good}, **refusals},
    }


_MAXREC = _parameter("MAXREC", "rows at most", "integer")
CONE = _described(
    [
        _parameter("RA", "right ascension, ICRS degrees, 0 to 360", "number", required=True),
        _parameter("DEC", "declination, ICRS degrees, -90 to 90", "number", required=True),
        _parameter("SR", "radius, degrees, 0 to 180", "number", required=True),
        _parameter("VERB", "how many columns: 1, 2 or 3", "integer"),
        _MAXREC,
    ],
    _TABLE,
)
SYNC = _described(
    [
        _parameter("LANG", "ADQL", "string", required=True),
        _parameter("QUERY", "one SELECT", "string", required=True),
        _parameter("RESPONSEFORMAT", "votable, csv or tsv", "string"),
        _MAXREC,
    ],
    {**_TABLE, **_TEXTS},
)


def as_form(described: Described) -> Described:
    """Return the same parameters as fields of an url-encoded form."""
    parameters = described["parameters"]
    fields = parameters if isinstance(parameters, list) else []
    schema = {
        "type": "object",
        "required": [field["name"] for field in fields if field["required"]],
        "properties": {
            field["name"]: {**field["schema"], "description": field["description"]} for field in fields
        },
    }
    body = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    return {"requestBody": body, "responses": described["responses"]}
