"""Processes that work on one lake and are killed at random; what each acknowledged is remembered."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lake.settings import Settings, child_environment

ACTOR = Path(__file__).with_name("actor.py")
ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0


@dataclass
class Actor:
    """A process and what it said."""

    role: str
    number: int
    process: subprocess.Popen[str]
    acknowledged: list[tuple[int, int]]  # target_id, number of the write
    errors: Path
    is_ready: threading.Event = field(default_factory=threading.Event)

    def end(self) -> str:
        """Kill it; return why it had ended by itself, or nothing."""
        why = "" if self.process.poll() is None else self.errors.read_text()[-2000:] or "it gave no reason"
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return why


@dataclass
class Campaign:
    """Actors of every role, each started again when it was killed."""

    settings: Settings
    backup_url: str
    crew: tuple[tuple[str, int], ...]
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    actors: list[Actor] = field(default_factory=list)

    def run(self, kills: int, rng: random.Random) -> None:
        """Kill as often as asked, at moments of chance, everybody about equally often."""
        self.actors = [self._started(role, number) for role, number in self.crew]
        try:
            self._run(kills, rng)
        finally:
            for actor in self.actors:
                actor.end()

    def _run(self, kills: int, rng: random.Random) -> None:
        places = list(range(len(self.actors))) * -(-kills // len(self.actors))
        rng.shuffle(places)
        for place in places[:kills]:
            actor = self.actors[place]
            assert actor.is_ready.wait(START_S), f"{actor.role} did not start"
            time.sleep(rng.uniform(0.0, 0.5))
            self._kill(actor)
            self.kills[actor.role] += 1
            self.actors[place] = self._started(actor.role, actor.number)

    def last_acknowledged(self, number: int, target_id: int) -> int:
        """Return the last write of a writer to a target that the lake acknowledged, 0 for none."""
        writes = [write for target, write in self.acknowledged.get(number, ()) if target == target_id]
        return max(writes, default=0)

    def _started(self, role: str, number: int) -> Actor:
        errors = Path(f"{self.backup_url}-{role}-{number}.log")
        with errors.open("w") as said_wrong:
            process = subprocess.Popen(
                [sys.executable, str(ACTOR), role, str(number), self.backup_url],
                env={**child_environment(self.settings), "PYTHONPATH": str(ROOT)},
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=said_wrong,
                text=True,
                start_new_session=True,
            )
        said = self.acknowledged.setdefault(number, []) if role == "writer" else []
        actor = Actor(role, number, process, said, errors)
        threading.Thread(target=_listen, args=(actor,), daemon=True).start()
        return actor

    def _kill(self, actor: Actor) -> None:
        why = actor.end()
        assert not why, f"{actor.role} ended by itself: {why}"
        actor.is_ready.wait(START_S)


def _listen(actor: Actor) -> None:
    assert actor.process.stdout is not None
    with actor.process.stdout as lines:
        for line in lines:
            if line == "ready\n":
                actor.is_ready.set()
            elif line.endswith("\n"):
                target_id, write = line.split()
                actor.acknowledged.append((int(target_id), int(write)))
    actor.is_ready.set()
