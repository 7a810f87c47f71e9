"""The rows of one query as they come out of its process."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from engine.errors import TomlakeError
from lake.sandbox import words
from lake.sandbox.pipe import Spent
from lake.sandbox.publication import Publication, SandboxLimits
from lake.sandbox.worker import Worker

PUBLISHED_KEY, SNAPSHOT_KEY = "tomlake.published", "tomlake.snapshot"  # in the metadata of the Arrow schema
_OVERHEAD_BYTES = 16_000_000  # of the stream over the bytes of its rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a result was read from; the same query on it gives the same rows."""

    published: str  # name of the published version
    lake_version: int

    def __str__(self) -> str:
        """Return both in words."""
        return f"{self.published} (lake version {self.lake_version})"


class Selection:
    """The rows of one query, batch by batch as its process makes them; used by one thread.

    ``truncated`` and ``fences`` are known when the last batch was read. The time limit runs while rows are
    read too: who reads slowly keeps them first.
    """

    def __init__(self, worker: Worker, publication: Publication, limits: SandboxLimits) -> None:
        self.snapshot = Snapshot(published=publication.name, lake_version=publication.snapshot)
        self.truncated = False
        self.fences: tuple[str, ...] = ()
        self._worker, self._limits = worker, limits
        octets = limits.result_mb * 1_000_000 + _OVERHEAD_BYTES
        self._pipe = worker.answer(seconds=limits.wall_clock_s, octets=octets)
        with self._reading():
            self._stream = pa.ipc.open_stream(pa.PythonFile(self._pipe, "r"))
        self.schema: pa.Schema = self._stream.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Give the batches.

        Raises
        ------
        Rejected
            ``bad-sql``, ``too-slow``, ``too-large`` or ``sandbox-down``, where the query ends badly.
        Transient
            ``sandbox-down``: the published files cannot be read.
        """
        while (batch := self._next()) is not None:
            yield batch
        said = self._worker.last_words()
        if "truncated" not in said:
            raise self._refusal(said)
        self.truncated = said["truncated"] is True
        fences = said.get("fences")
        self.fences = tuple(map(str, fences)) if isinstance(fences, list) else ()

    def close(self) -> None:
        """Forget the rows that were not read."""
        self._pipe.close()

    def _next(self) -> pa.RecordBatch | None:
        with self._reading():
            try:
                batch = self._stream.read_next_batch()
            except StopIteration:
                return None
            batch.validate(full=True)  # a process that was taken over could send anything
            return batch

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, Spent) as error:
            self.close()
            raise self._refusal(self._worker.last_words()) from error

    def _refusal(self, said: dict[str, object]) -> TomlakeError:
        if "code" in said:
            return words.failure(said, self._limits)
        number = self._worker.died_of()
        if self._worker.ran_out_of_time:
            return words.too_slow(self._limits)
        return words.death(number, self._limits)
