"""A strict check of PROV-JSON: structure, names, literals, and that every reference is answered."""

import re
from datetime import datetime

ELEMENTS = ("entity", "activity", "agent")
RELATIONS = {  # relation -> {role: kind of element}; the first two roles are required
    "wasGeneratedBy": {"prov:entity": "entity", "prov:activity": "activity"},
    "used": {"prov:activity": "activity", "prov:entity": "entity"},
    "wasDerivedFrom": {"prov:generatedEntity": "entity", "prov:usedEntity": "entity"},
    "wasAssociatedWith": {"prov:activity": "activity", "prov:agent": "agent"},
    "wasAttributedTo": {"prov:entity": "entity", "prov:agent": "agent"},
}
TIMES = {"prov:time", "prov:startTime", "prov:endTime"}
NAME = re.compile(r"([A-Za-z][\w-]*):([\w/][\w/.~%+-]*[\w/~%+-]|[\w/])")
BLANK = re.compile(r"_:[A-Za-z]\w*")
TYPES = {
    "prov:SoftwareAgent", "prov:Person", "prov:Organization", "tomlake:Agent", "tomlake:Point",
    "tomlake:RawFile", "tomlake:Frame", "tomlake:Calibration", "tomlake:Batch",
}  # fmt: skip


def check_prov(document: dict[str, object]) -> None:
    """Raise AssertionError where a document is no PROV-JSON of this project."""
    assert set(document) <= {"prefix", *ELEMENTS, *RELATIONS}
    prefixes = document["prefix"]
    assert isinstance(prefixes, dict)
    assert all(str(url).startswith("http") for url in prefixes.values())
    known = {kind: _elements(document, kind, {*prefixes, "prov", "xsd"}) for kind in ELEMENTS}
    for relation, roles in RELATIONS.items():
        for name, content in _part(document, relation).items():
            assert BLANK.fullmatch(name), name
            assert set(content) <= {*roles, *TIMES}
            for role, kind in roles.items():
                assert content[role] in known[kind], (relation, role, content)
            _check_times(content)


def _elements(document: dict[str, object], kind: str, prefixes: set[str]) -> set[str]:
    elements = _part(document, kind)
    for name, attributes in elements.items():
        _check_name(name, prefixes)
        _check_times(attributes)
        for key, value in attributes.items():
            _check_name(key, prefixes)
            if key not in TIMES:
                _check_literal(value)
        assert attributes["prov:type"]["$"] in TYPES
    return set(elements)


def _part(document: dict[str, object], name: str) -> dict[str, dict[str, object]]:
    part = document.get(name, {})
    assert isinstance(part, dict)
    assert all(isinstance(each, dict) for each in part.values())
    return part


def _check_name(name: str, prefixes: set[str]) -> None:
    found = NAME.fullmatch(name)
    assert found, name
    assert found[1] in prefixes, name


def _check_times(attributes: dict[str, object]) -> None:
    for key in TIMES & set(attributes):
        assert datetime.fromisoformat(str(attributes[key])).utcoffset() is not None


def _check_literal(value: object) -> None:
    if isinstance(value, dict):
        assert set(value) == {"$", "type"}
        assert isinstance(value["$"], str)
        assert value["type"] == "prov:QUALIFIED_NAME"
    else:
        assert isinstance(value, str | int | float | bool)
