"""ADQL as a checked tree: one SELECT made of nothing but what the language has.

The sandbox checks the translation again; this fence is here so that a refusal speaks of ADQL.

References
----------
Mantelet et al. 2023, IVOA Recommendation "Astronomical Data Query Language" 2.1.
"""

import re

from sqlglot import TokenType, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Tokenizer as BaseTokenizer

from engine.errors import Rejected

MOST_CHARACTERS = 20_000
DEEPEST = 30  # parentheses within parentheses
GEOMETRIES = frozenset(
    {"point", "circle", "box", "distance", "intersects", "coord1", "coord2", "area", "centroid", "polygon",
     "region"}
)  # fmt: skip
_TOKEN = re.compile(r"<Token [^>]*>")  # the parser's own words for what it found
_NAMED = GEOMETRIES | {"ilike"}  # functions that the parser has no class for
_SHAPE: tuple[type[exp.Expr], ...] = (
    exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join,
    exp.Table, exp.TableAlias, exp.Identifier, exp.Column, exp.Star, exp.Alias, exp.Where, exp.Group,
    exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Distinct, exp.Paren, exp.Literal,
    exp.Null, exp.Boolean, exp.Tuple, exp.DataType, exp.DataTypeParam,
)  # fmt: skip
_OPERATORS: tuple[type[exp.Expr], ...] = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In,
    exp.Between, exp.Like, exp.ILike, exp.Exists, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg,
    exp.DPipe, exp.Case, exp.If, exp.Cast, exp.Coalesce,
)  # fmt: skip
_FUNCTIONS: tuple[type[exp.Expr], ...] = (
    exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Abs, exp.Ceil, exp.Floor, exp.Degrees, exp.Radians,
    exp.Exp, exp.Ln, exp.Log, exp.Pi, exp.Pow, exp.Rand, exp.Round, exp.Sqrt, exp.Trunc, exp.Sin, exp.Cos,
    exp.Tan, exp.Cot, exp.Asin, exp.Acos, exp.Atan, exp.Atan2, exp.Lower, exp.Upper, exp.Length,
    exp.Contains,
)  # fmt: skip
_ALLOWED = frozenset(_SHAPE + _OPERATORS + _FUNCTIONS)
_TYPES = frozenset({"BIGINT", "CHAR", "DOUBLE", "FLOAT", "INT", "SMALLINT", "VARCHAR"})  # what CAST makes


class Adql(Dialect):
    """SQL as the parser knows it, with ``SELECT TOP n``."""

    class Tokenizer(BaseTokenizer):
        """The words of the language."""

        KEYWORDS = {**BaseTokenizer.KEYWORDS, "TOP": TokenType.TOP}  # noqa: RUF012 - as the library wants it


def read_adql(adql: str) -> exp.Query:
    """Return the one SELECT of a text as a tree.

    Raises
    ------
    Rejected
        ``bad-adql``: it is not ADQL, or more of ADQL than there is here.
    """
    _check_text(adql)
    try:
        tokens = Adql().tokenize(adql)
        _check_depth([token.token_type for token in tokens])
        trees = [tree for tree in Adql().parser().parse(tokens, adql) if tree is not None]
        if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.SetOperation):
            raise bad_adql("Write one SELECT; nothing else can be asked here.")
        for node in trees[0].walk():
            _check(node)
    except SqlglotError as error:
        raise bad_adql(f"This is not ADQL: {_first_words(error)}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    return trees[0]


def bad_adql(sentence: str) -> Rejected:
    """Return the refusal of a query that cannot be understood."""
    return Rejected(sentence, code="bad-adql")


def name_of(function: exp.Expr) -> str:
    """Return the name of a function or operator as people write it, in small letters."""
    if isinstance(function, exp.Anonymous):
        return str(function.name).lower()
    return function.sql_name().lower() if isinstance(function, exp.Func) else function.key


def _check_text(adql: str) -> None:
    if not adql.strip():
        raise bad_adql("The query is empty; write one SELECT in QUERY.")
    if len(adql) > MOST_CHARACTERS:
        raise bad_adql(f"The query has {len(adql):,} characters; write at most {MOST_CHARACTERS:,}.")
    if "\x00" in adql:
        raise bad_adql("The query holds a zero character; take it out.")


def _check_depth(kinds: list[TokenType]) -> None:
    depth = 0
    for kind in kinds:
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth > DEEPEST:
            raise _too_deep()
        if kind in {TokenType.L_BRACKET, TokenType.L_BRACE}:
            raise bad_adql("ADQL has no brackets and braces; leave them out.")


def _check(node: exp.Expr) -> None:
    if isinstance(node, exp.Anonymous):
        if name_of(node) not in _NAMED:
            raise bad_adql(f"The function {name_of(node):.50} is not available here; see docs/vo.md.")
    elif type(node) not in _ALLOWED:
        raise bad_adql(f"{name_of(node).upper():.50} is not part of the ADQL that is understood here.")
    if isinstance(node, exp.DataType) and node.this.value not in _TYPES:
        raise bad_adql("CAST makes SMALLINT, INTEGER, BIGINT, REAL, DOUBLE PRECISION, CHAR or VARCHAR.")
    if isinstance(node, exp.Select) and not node.expressions:
        raise bad_adql("A SELECT names columns, or *.")
    if isinstance(node, exp.With) and node.args.get("recursive"):
        raise bad_adql("WITH RECURSIVE is not part of ADQL; write the query without it.")
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise bad_adql("FROM takes tables, subqueries and joins of them.")


def _first_words(error: SqlglotError) -> str:
    """Return what the parser says, without its picture of the place."""
    told = getattr(error, "errors", None)
    if not told:
        return str(error).partition("\n")[0][:200]
    words = _TOKEN.sub("something else", str(told[0]["description"])).rstrip(".")
    return f"{words}, line {told[0]['line']}, column {told[0]['col']}"[:300]


def _too_deep() -> Rejected:
    return bad_adql("The query is nested too deeply; write it in simpler parts.")
