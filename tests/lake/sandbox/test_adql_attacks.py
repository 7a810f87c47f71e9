"""What must fail in SQL fails through ADQL: most is not even translated, the sandbox ends the rest."""

from dataclasses import replace

import pytest
from sandbox_ground import SECRET, SMALL, Ground
from sql_attacks import BOMBS, BREAKING, CHANGING, NETWORK, READING, RUNNING_TEXT, SPENT, TELLING, Attack

from engine.errors import Rejected
from lake.adql.schema import SCHEMA, AdqlTable
from lake.adql.translating import translate
from lake.sandbox.run import Sandbox

TABLES = [
    AdqlTable(schema=SCHEMA, name=name, sql_name=name, description="", columns=())
    for name in ("photometry", "targets")
]
SHORT = replace(SMALL, wall_clock_s=0.7, memory_mb=700)
# a table that a WITH made may be called anything, and 9,000 sums are ADQL: the sandbox says no
HARMLESS_TEXT = frozenset({"pg_settings_by_a_false_name", "pg_settings_outside_a_false_name", "deep_sum"})
NOT_IN_ADQL = [*READING, *NETWORK, *CHANGING, *RUNNING_TEXT, *TELLING, *BREAKING]


@pytest.mark.parametrize("attack", NOT_IN_ADQL, ids=lambda attack: attack.name)
def test_an_attack_is_no_adql(sandbox: Sandbox, ground: Ground, attack: Attack) -> None:
    with pytest.raises(Rejected) as refusal:
        sql = translate(ground.sql(attack.sql), TABLES).sql
        assert attack.name in HARMLESS_TEXT
        with sandbox.select(ground.publication, sql, limits=SHORT) as selection:
            list(selection)
    assert refusal.value.code in {"bad-adql", "bad-sql"}
    assert SECRET not in refusal.value.reason
    assert len(refusal.value.reason) <= 700


@pytest.mark.parametrize("attack", BOMBS, ids=lambda attack: attack.name)
def test_a_bomb_is_no_adql_or_ends_with_its_process(sandbox: Sandbox, ground: Ground, attack: Attack) -> None:
    with pytest.raises(Rejected) as refusal:
        sql = translate(ground.sql(attack.sql), TABLES).sql
        with sandbox.select(ground.publication, sql, limits=SHORT) as selection:
            list(selection)
    assert refusal.value.code in SPENT | {"bad-adql"}
