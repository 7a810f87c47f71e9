"""The clock: puts due work into the queue, in exactly one process, and does none itself."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from engine.brokers.protocol import Broker
from engine.brokers.registry import BROKERS, served
from jobs.backup import enqueue_due_backup
from jobs.canary import enqueue_due_canaries
from jobs.leadership import leadership_of
from jobs.maintain import enqueue_due_maintenance
from jobs.notify import enqueue_due_notices
from jobs.publish import enqueue_due_publication
from jobs.seal import enqueue_due_sealing
from jobs.watch_streams import enqueue_due_streams
from lake.archives import enqueue_due_harvests
from lake.ephemerides import enqueue_due_ephemerides
from lake.paths import make_folders
from lake.people.accounts import remove_expired_sessions
from lake.public.origin import origin_of
from lake.queue import remove_old_jobs
from lake.raw import open_raw
from lake.settings import Settings

logger = logging.getLogger(__name__)

HARVEST_EVERY_S = 10.0
SWEEP_EVERY_S = 3600.0
MAINTENANCE_LOOK_EVERY_S = 600.0
BACKUP_LOOK_EVERY_S = 600.0
PUBLISH_LOOK_EVERY_S = 600.0
SEAL_LOOK_EVERY_S = 120.0
CANARY_LOOK_EVERY_S = 3600.0
WATCH_LOOK_EVERY_S = 300.0
EPHEMERIS_LOOK_EVERY_S = 300.0
NOTICE_LOOK_EVERY_S = 60.0
HARVESTS_AT_ONCE = 200  # per archive: the queue stays short, so that uploads and people overtake
KEEP_DONE_JOBS_D = 90.0
LEADER_LOCK = "clock.lock"


class Clock:
    """The schedule of one installation; of many clocks only the one that holds the lock acts."""

    def __init__(
        self, settings: Settings, operations: Engine, *, brokers: Sequence[Broker] = BROKERS
    ) -> None:
        self._settings = settings
        self._operations = operations
        self._brokers = brokers
        self._leadership = leadership_of(operations, make_folders(settings).data_dir / LEADER_LOCK)
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Begin to act at once and then regularly, in a thread of its own."""
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # it tells of every tick
        for number, (act, every_s) in enumerate(
            (
                (self.enqueue_harvests, HARVEST_EVERY_S),
                (self.sweep, SWEEP_EVERY_S),
                (self.enqueue_maintenance, MAINTENANCE_LOOK_EVERY_S),
                (self.enqueue_backup, BACKUP_LOOK_EVERY_S),
                (self.enqueue_publication, PUBLISH_LOOK_EVERY_S),
                (self.enqueue_sealing, SEAL_LOOK_EVERY_S),
                (self.enqueue_canaries, CANARY_LOOK_EVERY_S),
                (self.enqueue_watches, WATCH_LOOK_EVERY_S),
                (self.enqueue_ephemerides, EPHEMERIS_LOOK_EVERY_S),
                (self.enqueue_notices, NOTICE_LOOK_EVERY_S),
            )
        ):
            first = datetime.now(UTC) + timedelta(seconds=0.1 + number)
            self._scheduler.add_job(act, "interval", seconds=every_s, next_run_time=first)
        self._scheduler.start()

    def stop(self) -> None:
        """Stop acting and let another clock lead."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._leadership.give_up()

    def enqueue_harvests(self) -> int:
        """Return how many questions to archives were put into the queue because they are due.

        In a copy of somebody's public lake none is: the archives are asked where the lake is at home.
        """
        if not self._leadership.is_held() or origin_of(self._settings) is not None:
            return 0
        number = sum(
            enqueue_due_harvests(self._operations, info, limit=HARVESTS_AT_ONCE)
            for info in served(self._settings.secrets, self._brokers)
        )
        if number:
            logger.info("%d harvests are due", number)
        return number

    def enqueue_maintenance(self) -> bool:
        """Return whether upkeep of the lake was put into the queue because it is due."""
        return self._leadership.is_held() and enqueue_due_maintenance(
            self._operations, quiet_hour=self._settings.quiet_hour
        )

    def enqueue_backup(self) -> bool:
        """Return whether a backup was put into the queue because it is due."""
        return self._leadership.is_held() and enqueue_due_backup(self._settings, self._operations)

    def enqueue_publication(self) -> bool:
        """Return whether publishing was put into the queue because it is due."""
        return self._leadership.is_held() and enqueue_due_publication(self._settings, self._operations)

    def enqueue_sealing(self) -> bool:
        """Return whether sealing was put into the queue because the lake has files without a checksum."""
        return self._leadership.is_held() and enqueue_due_sealing(self._settings, self._operations)

    def enqueue_canaries(self) -> int:
        """Return how many archives are now asked a question whose answer is known: each once a week."""
        if not self._leadership.is_held() or origin_of(self._settings) is not None:
            return 0
        return enqueue_due_canaries(self._operations, served(self._settings.secrets, self._brokers))

    def enqueue_watches(self) -> int:
        """Return how many watches of streams were put into the queue because they are due."""
        return enqueue_due_streams(self._settings, self._operations) if self._leadership.is_held() else 0

    def enqueue_ephemerides(self) -> int:
        """Return how many ephemerides were put into the queue because they are due."""
        if not self._leadership.is_held() or origin_of(self._settings) is not None:
            return 0
        return enqueue_due_ephemerides(self._operations)

    def enqueue_notices(self) -> int:
        """Return how many jobs that tell or mail people were put into the queue because they are due."""
        return enqueue_due_notices(self._settings, self._operations) if self._leadership.is_held() else 0

    def sweep(self) -> None:
        """Remove sessions that ended, jobs done long ago, and what killed programs left half received."""
        if not self._leadership.is_held():
            return
        sessions = remove_expired_sessions(self._operations)
        jobs = remove_old_jobs(self._operations, older_than_d=KEEP_DONE_JOBS_D)
        open_raw(self._settings)  # opening it cleans it
        logger.info("swept %d sessions and %d old jobs", sessions, jobs)
