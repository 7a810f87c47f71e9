"""ADQL's geometry as plain arithmetic: right at the poles and across RA 0, because only angles are used.

A box is bounded by the great circles that stand upright on the ends of its two arms through the centre.

References
----------
Sinnott 1984, Sky & Telescope 68, 158 (the haversine formula).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from engine.errors import Rejected
from lake.adql.reading import GEOMETRIES, bad_adql, name_of

_HAVERSINE = (
    "POWER(SIN(RADIANS(:dec - :dec0) / 2), 2) "
    "+ COS(RADIANS(:dec0)) * COS(RADIANS(:dec)) * POWER(SIN(RADIANS(:ra - :ra0) / 2), 2)"
)
_DISTANCE = sqlglot.parse_one(f"DEGREES(2 * ASIN(SQRT(LEAST(1.0, {_HAVERSINE}))))", dialect="duckdb")
# the range of declinations lets whole row groups be left out; the haversine decides
_IN_CIRCLE = sqlglot.parse_one(
    ":dec BETWEEN :dec0 - :radius - 1e-9 AND :dec0 + :radius + 1e-9 "
    f"AND {_HAVERSINE} <= POWER(SIN(RADIANS(LEAST(180.0, :radius)) / 2), 2) * (1 + 1e-12)",
    dialect="duckdb",
)
_DEPTH = (
    "(COS(RADIANS(:dec0)) * COS(RADIANS(:dec)) * COS(RADIANS(:ra - :ra0)) "
    "+ SIN(RADIANS(:dec0)) * SIN(RADIANS(:dec)))"
)
_IN_BOX = sqlglot.parse_one(
    f"{_DEPTH} > 0 "
    f"AND ABS(COS(RADIANS(:dec)) * SIN(RADIANS(:ra - :ra0))) <= {_DEPTH} * TAN(RADIANS(:width / 2)) + 1e-15 "
    "AND ABS(COS(RADIANS(:dec0)) * SIN(RADIANS(:dec)) "
    "- SIN(RADIANS(:dec0)) * COS(RADIANS(:dec)) * COS(RADIANS(:ra - :ra0))) "
    f"<= {_DEPTH} * TAN(RADIANS(:height / 2)) + 1e-15",
    dialect="duckdb",
)
_AS_NUMBER = sqlglot.parse_one("CASE WHEN :condition THEN 1 ELSE 0 END", dialect="duckdb")
_FRAMES = frozenset({"", "ICRS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A position as two expressions in degrees."""

    ra: exp.Expr
    dec: exp.Expr


def plain_geometry(tree: exp.Expr) -> exp.Expr:
    """Return a tree without geometries: each has become arithmetic.

    Raises
    ------
    Rejected
        ``bad-adql``: a geometry stands where none can, or has other arguments.
    """
    rules: Mapping[str, Callable[[exp.Expr], exp.Expr]] = {
        "contains": _contains,
        "intersects": _contains,
        "distance": _distance,
        "coord1": lambda call: _place(_only(call)).ra,
        "coord2": lambda call: _place(_only(call)).dec,
    }

    def plain(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.EQ) and (call := _asked_to_be_true(node)) is not None:
            return exp.paren(_inside(call), copy=True)  # a condition that whole row groups can be left out by
        name = name_of(node) if isinstance(node, exp.Anonymous | exp.Contains) else ""
        if name in rules:
            return exp.paren(rules[name](node), copy=True)
        if name in GEOMETRIES:
            raise bad_adql(
                f"{name.upper()} stands here only within CONTAINS, INTERSECTS or DISTANCE; "
                "select ra_deg and dec_deg themselves."
            )
        return node

    return tree.transform(plain, copy=False)


def _asked_to_be_true(equation: exp.EQ) -> exp.Expr | None:
    """Return the CONTAINS of ``1 = CONTAINS(...)``."""
    for call, other in ((equation.left, equation.right), (equation.right, equation.left)):
        is_one = isinstance(other, exp.Literal) and not other.is_string and other.name == "1"
        if is_one and (isinstance(call, exp.Contains) or _is_named(call, "intersects")):
            return call
    return None


def _is_named(node: exp.Expr, name: str) -> bool:
    return isinstance(node, exp.Anonymous) and name_of(node) == name


def _contains(call: exp.Expr) -> exp.Expr:
    return _filled(_AS_NUMBER, condition=_inside(call))


def _inside(call: exp.Expr) -> exp.Expr:
    inner, shape = _two(call)
    if name_of(shape) == "point" and name_of(call) == "intersects":
        inner, shape = shape, inner
    return _condition(_place(inner), shape)


def _condition(place: _Place, shape: exp.Expr) -> exp.Expr:
    given = _arguments(shape)
    known = {"ra": place.ra, "dec": place.dec}
    kind = name_of(shape)
    if kind not in {"circle", "box"}:
        raise bad_adql(
            "The second argument of CONTAINS is CIRCLE(ra, dec, radius) or BOX(ra, dec, width, height)."
        )
    if given and name_of(given[0]) == "point":
        centre, sizes = _place(given[0]), given[1:]
    else:
        centre, sizes = _at(given[:2], kind), given[2:]
    for size in sizes:
        _check_number(size)
    known |= {"ra0": centre.ra, "dec0": centre.dec}
    if kind == "circle" and len(sizes) == 1:
        return _filled(_IN_CIRCLE, **known, radius=sizes[0])
    if kind == "box" and len(sizes) == 2:
        return _filled(_IN_BOX, **known, width=sizes[0], height=sizes[1])
    raise bad_adql(f"{kind.upper()} takes a position and then its size, all in degrees.")


def _distance(call: exp.Expr) -> exp.Expr:
    given = _arguments(call)
    if len(given) == 4:
        first, second = _at(given[:2], "distance"), _at(given[2:], "distance")
    elif len(given) == 2:
        first, second = _place(given[0]), _place(given[1])
    else:
        raise bad_adql("DISTANCE takes two points, or ra, dec, ra, dec in degrees.")
    return _filled(_DISTANCE, ra=first.ra, dec=first.dec, ra0=second.ra, dec0=second.dec)


def _place(point: exp.Expr) -> _Place:
    if name_of(point) != "point":
        raise bad_adql("A position is POINT(ra, dec) in degrees.")
    return _at(_arguments(point), "point")


def _at(given: list[exp.Expr], kind: str) -> _Place:
    if len(given) != 2:
        raise bad_adql(f"{kind.upper()} takes right ascension and declination in degrees.")
    for coordinate in given:
        _check_number(coordinate)
    return _Place(ra=given[0], dec=given[1])


def _check_number(value: exp.Expr) -> None:
    """Refuse a geometry or a query as a number: the arithmetic repeats it, and it would grow without end."""
    for node in value.walk():
        named = isinstance(node, exp.Anonymous | exp.Contains)
        if named or isinstance(node, exp.Query | exp.Subquery | exp.Case):
            raise bad_adql("A coordinate is a number, a column or plain arithmetic of them.")
    if len(list(value.walk())) > 40:
        raise bad_adql("A coordinate is too long; write shorter arithmetic.")


def _arguments(call: exp.Expr) -> list[exp.Expr]:
    """Return the arguments of a geometry without the name of its frame, which older ADQL puts first."""
    given = list(call.expressions) if isinstance(call, exp.Anonymous) else []
    if given and isinstance(given[0], exp.Literal) and given[0].is_string:
        frame = str(given[0].name).upper().split()
        if (frame[0] if frame else "") not in _FRAMES:
            raise bad_adql("Positions are ICRS here; write 'ICRS', or no frame at all.")
        return given[1:]
    return given


def _two(call: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    given = [call.this, call.expression] if isinstance(call, exp.Contains) else list(call.expressions)
    if len(given) != 2 or None in given:
        raise _wants_two()
    return given[0], given[1]


def _only(call: exp.Expr) -> exp.Expr:
    if len(call.expressions) != 1:
        raise bad_adql("COORD1 and COORD2 take one point.")
    return call.expressions[0]  # type: ignore[no-any-return]


def _wants_two() -> Rejected:
    return bad_adql("CONTAINS and INTERSECTS take a point and a shape.")


def _filled(template: exp.Expr, **values: exp.Expr) -> exp.Expr:
    """Return a template with its places filled, each by a copy of its own."""

    def fill(node: exp.Expr) -> exp.Expr:
        return exp.paren(values[node.name], copy=True) if isinstance(node, exp.Placeholder) else node

    return template.transform(fill, copy=True)
