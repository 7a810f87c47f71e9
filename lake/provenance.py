"""Papers of every row: who made it, from which bytes, with which code."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import polars as pl

from engine.times import mjd_now
from lake.tables import BATCHES


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One act that made rows; every row carries its ``batch_id``."""

    batch_id: str
    task: str  # kind of job or command, such as "reduce" or "harvest"
    source: str  # archive key, or "upload"
    target_id: int | None = None
    code_version: str
    parameters: str = "{}"  # JSON
    raw_sha256: str = ""  # the bytes that the rows were read from
    made_mjd: float
    by: str = ""  # user, or the job that did it


def new_batch(
    task: str,
    source: str,
    *,
    target_id: int | None = None,
    parameters: Mapping[str, object] | None = None,
    raw_sha256: str = "",
    by: str = "",
) -> Batch:
    """Return the papers of work that begins now."""
    return Batch(
        batch_id=uuid.uuid4().hex,
        task=task,
        source=source,
        target_id=target_id,
        code_version=code_version(),
        parameters=json.dumps(dict(parameters or {}), sort_keys=True),
        raw_sha256=raw_sha256,
        made_mjd=mjd_now(),
        by=by,
    )


@cache
def code_version() -> str:
    """Return the version of the installed tomlake; ``source`` when it runs from an unpacked tree."""
    try:
        return version("tomlake")
    except PackageNotFoundError:
        return "source"


def batch_row(batch: Batch) -> pl.DataFrame:
    """Return the batch as one row of the table ``batches``."""
    return pl.DataFrame([asdict(batch)], schema=BATCHES.schema)
