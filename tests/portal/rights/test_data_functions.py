"""What every function of the portal tells whom, for every way to share; ``function_rules`` lists them."""

import pytest
from everything_told import told_by
from function_rules import TELLING
from portal_functions import functions_for_people, takes_nobody
from rule_kinds import Asked, Counts, Tells
from shared_lake import Shared
from shared_things import VISITORS, seen_by, told_in

from engine.errors import Rejected

FUNCTIONS = functions_for_people()


def visitors_of(name: str) -> list[str]:
    """Return for whom a function can be asked."""
    return [each for each in VISITORS if each != "anonymous" or takes_nobody(FUNCTIONS[f"portal.{name}"])]


def learned(shared: Shared, rule: Tells, visitor: str) -> frozenset[str]:
    """Return of which things a visitor learns from a function."""
    told = set()
    for kind in rule.of or ("public",):
        asked = Asked(user=shared.user(visitor), shared=shared, thing=shared.things[kind])
        try:
            text = told_by(rule.ask(asked))
        except Rejected as refusal:
            text = refusal.reason
        told |= told_in(text)
    return frozenset(told)


@pytest.mark.parametrize("name", sorted(TELLING))
def test_a_function_tells_of_a_thing_whom_it_may_and_nobody_else(shared: Shared, name: str) -> None:
    rule = TELLING[name]
    for visitor in visitors_of(name):
        seen = seen_by(visitor)
        if isinstance(rule, Counts):
            asked = Asked(user=shared.user(visitor), shared=shared, thing=shared.things["public"])
            assert rule.ask(asked) == len(seen & frozenset(rule.of)), visitor
            continue
        told = learned(shared, rule, visitor)
        assert told - seen == frozenset(), visitor
        assert told & rule.never == frozenset(), visitor
        if visitor in rule.who:
            assert seen & frozenset(rule.must) <= told, visitor
