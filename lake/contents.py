"""What the lake holds, counted."""

from dataclasses import dataclass

from lake.readable import Readable
from lake.seen import Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Counts of one version of the lake."""

    version: int
    points: int
    targets: int  # that have at least one point
    sources: int
    frames: int
    observers: int


_COUNTED = """
SELECT count(*) AS points,
       count(DISTINCT target_id) AS targets,
       count(DISTINCT source) AS sources,
       count(DISTINCT observer) AS observers,
       (SELECT count(*) FROM lake.frames
        WHERE NOT list_contains($targets::BIGINT[], target_id)
          AND NOT list_contains($uploads::BIGINT[], upload_id)) AS frames
FROM lake.photometry
WHERE NOT list_contains($targets::BIGINT[], target_id)
  AND NOT (source = 'upload' AND list_contains($files::VARCHAR[], target_id || ':' || source_ref[:64]))
"""


def contents(store: Readable, unseen: Unseen) -> Contents:
    """Return how much the newest version of the lake holds, without what somebody may not see."""
    asked: dict[str, object] = {
        "targets": sorted(unseen.target_ids),
        "uploads": sorted(unseen.closed.upload_ids),
        "files": [f"{target_id}:{sha256}" for target_id, sha256 in sorted(unseen.closed.files)],
    }
    counted = store.scan(_COUNTED, asked)
    return Contents(version=store.version(), **counted.row(0, named=True))
