"""Letting old backups go: their manifests first, then every file that no manifest names."""

import logging
import time

from lake.safekeeping.manifest import FOLDER, names, readable, remove_manifest
from lake.safekeeping.place import Place

logger = logging.getLogger(__name__)

NEW_FILE_S = 86400.0  # a file that no manifest names yet may belong to a backup that runs elsewhere


def prune(place: Place, *, keep: int, now_s: float | None = None) -> int:
    """Return how many files were removed because they belong to none of the newest ``keep`` backups."""
    for name in names(place)[: -max(keep, 1)]:
        remove_manifest(place, name)
        logger.info("backup %s is kept no longer", name)
    manifests = readable(place)
    if len(manifests) < len(names(place)):
        logger.warning("a manifest at %s is damaged, so no file is removed", place.url)
        return 0
    named = {piece.path for manifest in manifests for piece in manifest.pieces}
    unnamed = [path for path in place.sizes() if path not in named and not (path.startswith(f"{FOLDER}/"))]
    now_s = time.time() if now_s is None else now_s
    old = [path for path in unnamed if place.age_s(path, now_s=now_s) > NEW_FILE_S]
    for path in old:
        place.remove(path)
    return len(old)
