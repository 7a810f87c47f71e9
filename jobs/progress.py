"""What a task is given to say how far it is, and what it is: a function of the lake and a job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.errors import TomlakeError
from lake.queue import Job

if TYPE_CHECKING:
    from lake.opening import Lake


class Progress(Protocol):
    """Tells pages what a job is doing; a stopped job ends here, so long tasks should call it often."""

    def __call__(self, step: str, fraction: float) -> None:
        """Say what is done now, in words, and which part of all lies behind: 0 to 1.

        Raises
        ------
        Stopped
            The job was cancelled, or given to another worker.
        """


class Task(Protocol):
    """One kind of work; it may run twice for one job, so what it writes must be the same twice."""

    def __call__(self, lake: Lake, job: Job, progress: Progress) -> str:
        """Return how it ended, in one sentence."""


class Stopped(TomlakeError):  # noqa: N818 - reads as the other ways in which work ends
    """The job was cancelled or taken away: end the task, keep nothing half done."""
