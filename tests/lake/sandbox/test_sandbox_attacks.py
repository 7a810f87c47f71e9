"""What must fail, fails: nothing is read, changed, told or called, and the next query works."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest
from sandbox_ground import SECRET, SMALL, Ground
from sql_attacks import BOMBS, BREAKING, CHANGING, NETWORK, READING, RUNNING_TEXT, TELLING, Attack

from engine.errors import Rejected
from lake.sandbox.publication import SandboxLimits
from lake.sandbox.run import Sandbox

SHORT = replace(SMALL, wall_clock_s=0.7, memory_mb=700)
MOST_GROWTH_KB = 150_000


def attacked(sandbox: Sandbox, ground: Ground, attack: Attack, limits: SandboxLimits) -> Rejected:
    """Return how the attack was refused, after looking whether it left anything behind."""
    before = ground.fingerprint()
    largest_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (
        pytest.raises(Rejected) as caught,
        sandbox.select(ground.publication, ground.sql(attack.sql), limits=limits) as selection,
    ):
        for batch in selection:
            assert SECRET not in str(batch.to_pylist())
    told = f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"
    assert SECRET not in told
    assert str(ground.folder) not in caught.value.reason
    assert str(Path(__file__).parents[3]) not in caught.value.reason
    assert ground.fingerprint() == before
    assert not ground.was_called()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - largest_kb < MOST_GROWTH_KB
    return caught.value


def named(attacks: list[Attack]) -> object:
    return pytest.mark.parametrize("attack", attacks, ids=lambda attack: attack.name)


@named([*READING, *NETWORK, *CHANGING, *RUNNING_TEXT, *TELLING, *BREAKING])
def test_an_attack_is_refused_in_one_sentence_and_leaves_nothing(
    sandbox: Sandbox, ground: Ground, attack: Attack
) -> None:
    refused = attacked(sandbox, ground, attack, SMALL)
    assert refused.code in attack.codes
    assert len(refused.reason) <= 700


@named(BOMBS)
def test_a_bomb_ends_with_its_process_and_soon(sandbox: Sandbox, ground: Ground, attack: Attack) -> None:
    assert attacked(sandbox, ground, attack, SHORT).code in attack.codes
