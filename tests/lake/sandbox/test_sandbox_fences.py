"""The fences behind the first one stop statements nobody looked at, and a process that was taken over."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_ground import SECRET, SMALL, Ground
from sql_attacks import CHANGING, NETWORK, READING, RUNNING_TEXT, TELLING

from engine.errors import Rejected
from lake.sandbox import worker
from lake.sandbox.run import Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
START = (
    "import sys, runpy; sys.path.insert(0, sys.argv[1]); sys.modules.update(pandas=None, numpy=None); "
    "from lake.sandbox.fences import close_doors; close_doors(); "
)


def fenced(script: str, *arguments: str, stdin: str = "") -> list[str]:
    """Return the lines that a script of ours writes from behind the fences of a sandbox process."""
    start = START + f"runpy.run_path({str(HERE / script)!r})"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", start, str(ROOT), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=worker._ENVIRONMENT,
        cwd="/",
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout.splitlines()


def test_statements_that_nobody_looked_at_read_no_file_and_change_nothing(ground: Ground) -> None:
    attacks = [*READING, *NETWORK, *CHANGING, *RUNNING_TEXT, *TELLING]
    before = ground.fingerprint()
    given = {
        "tables": {name: [str(file) for file in files] for name, files in ground.publication.tables.items()},
        "statements": [ground.sql(attack.sql) for attack in attacks],
    }
    outcomes = [json.loads(line) for line in fenced("without_the_first_fence.py", stdin=json.dumps(given))]
    assert len(outcomes) == len(attacks)
    assert not [outcome for outcome in outcomes if SECRET in outcome or "root:" in outcome]
    by_name = {attack.name: outcome for attack, outcome in zip(attacks, outcomes, strict=True)}
    reading = {attack.name for attack in [*READING, *NETWORK]}
    assert {name for name in reading if not by_name[name].startswith("refused")} == set()
    assert ground.fingerprint() == before
    assert not ground.was_called()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's fences are Linux's")
def test_a_process_that_was_taken_over_can_do_nothing(ground: Ground) -> None:
    before = ground.fingerprint()
    port = str(ground.listener.getsockname()[1])
    lines = fenced("taken_over.py", str(ground.folder / "secret.txt"), str(os.getpid()), port)
    assert lines == ["done"]
    assert ground.fingerprint() == before
    assert not ground.was_called()


HOSTILE = {
    "says nothing": "os._exit(0)",
    "dies": "os.kill(os.getpid(), 11)",
    "sends garbage": "os.write(1, b'\\x00garbage' * 1000)",
    "promises a giant": "os.write(1, b'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f')",
    "never stops": "exec('while True: os.write(1, bytes(65536))')",
    "never stops its status": "exec('while True: os.write(int(sys.argv[2]), bytes(65536))')",
    "never ends": "time.sleep(60)",
    "closes its pipes and lives on": "os.close(1); os.close(int(sys.argv[2])); time.sleep(60)",
    "lies about its end": "os.write(int(sys.argv[2]), b'{\"truncated\": false}\\n')",
    "speaks no JSON": "os.write(int(sys.argv[2]), b'[[[[[\\n')",
}


@pytest.mark.parametrize("deed", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_parent_survives_a_process_that_is_hostile(
    ground: Ground, deed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = (
        "import os, sys, time; os.write(int(sys.argv[2]), b'{\"ready\": true}\\n'); sys.stdin.readline(); "
    )
    monkeypatch.setattr(worker, "_START", ready + deed)
    hostile = Sandbox(at_once=1, spares=0)
    limits = SMALL.__class__(memory_mb=500, wall_clock_s=0.5, result_mb=1)
    for _ in range(2):  # its turn is given back
        with (
            pytest.raises(Rejected) as caught,
            hostile.select(ground.publication, "SELECT 1", limits=limits) as rows,
        ):
            list(rows)
        assert caught.value.code in {"sandbox-down", "too-slow", "too-large"}


def test_a_process_that_cannot_start_is_told_as_an_outage(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_START", "raise SystemExit(3)")
    with (
        pytest.raises(Exception, match="try again") as caught,
        Sandbox(spares=0).select(ground.publication, "SELECT 1"),
    ):
        pass
    assert getattr(caught.value, "code", "") == "sandbox-down"
