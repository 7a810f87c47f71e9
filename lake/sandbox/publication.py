"""What the sandbox may read and how much of the machine one query may take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One version of published tables as Parquet files on this machine; all of it is public."""

    name: str  # of the published version
    snapshot: int  # version of the lake that it was made from
    tables: Mapping[str, Sequence[Path]]
    columns: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # SQL types, for tables without files


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxLimits:
    """How much one query may take; the process that exceeds a limit ends."""

    memory_mb: int = 2000  # address space, of which DuckDB itself gets half
    wall_clock_s: float = 10.0
    cpu_s: int = 10
    rows: int = 100_000
    result_mb: int = 50
