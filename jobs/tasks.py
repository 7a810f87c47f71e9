"""The kinds of jobs and what does each."""

from collections.abc import Mapping

from jobs.aliases import find_aliases
from jobs.backup import backup_lake
from jobs.canary import canary
from jobs.ephemeris import find_ephemeris
from jobs.harvest import harvest
from jobs.look import look_again
from jobs.maintain import maintain_lake
from jobs.notify import notify
from jobs.progress import Task
from jobs.publish import publish_lake
from jobs.recalibrate import recalibrate_upload
from jobs.reduce import reduce_upload
from jobs.references import references
from jobs.seal import seal_lake
from jobs.watch_streams import watch_streams

TASKS: Mapping[str, Task] = {
    "reduce": reduce_upload,
    "recalibrate": recalibrate_upload,
    "look": look_again,
    "harvest": harvest,
    "ephemeris": find_ephemeris,
    "canary": canary,
    "references": references,
    "aliases": find_aliases,
    "maintain": maintain_lake,
    "backup": backup_lake,
    "publish": publish_lake,
    "seal": seal_lake,
    "watch": watch_streams,
    "notify": notify,
}
