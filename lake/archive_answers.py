"""What archives answered, byte for byte: the raw answers that the points of a target were read from."""

from dataclasses import dataclass
from typing import IO

from engine.errors import Rejected
from lake.opening import Lake

_HARVEST = "harvest"  # the task that asks an archive for one target; what people sent is none of these
_ANSWERS = """
SELECT batch_id, source, made_mjd, code_version, raw_sha256
FROM lake.batches
WHERE target_id = $target_id AND source = $archive AND task = $task AND raw_sha256 <> ''
ORDER BY made_mjd DESC, batch_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveAnswer:
    """One answer that changed what the lake has of a target."""

    batch_id: str
    archive: str
    made_mjd: float
    code_version: str  # of the code that read it
    raw_sha256: str
    is_kept: bool


def answers_of(lake: Lake, target_id: int, archive: str) -> list[ArchiveAnswer]:
    """Return the answers of an archive that rows of a target were read from, the newest first."""
    wanted = {"target_id": target_id, "archive": archive, "task": _HARVEST}
    return [
        ArchiveAnswer(
            batch_id=row["batch_id"],
            archive=row["source"],
            made_mjd=row["made_mjd"],
            code_version=row["code_version"],
            raw_sha256=row["raw_sha256"],
            is_kept=lake.raw.has(row["raw_sha256"]),
        )
        for row in lake.store.read(_ANSWERS, wanted).iter_rows(named=True)
    ]


def open_answer(lake: Lake, target_id: int, archive: str, batch_id: str) -> IO[bytes]:
    """Return the bytes of one answer.

    Raises
    ------
    Rejected
        ``unknown-answer``: no rows of this target were read from such an answer of this archive;
        ``raw-missing``: its bytes are not kept.
    """
    for each in answers_of(lake, target_id, archive):
        if each.batch_id == batch_id:
            return lake.raw.open(each.raw_sha256)
    raise Rejected(f"{archive:.40} gave no answer {batch_id:.40} of this target.", code="unknown-answer")
