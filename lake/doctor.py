"""Whether an installation is fit to be shown to the world: what is broken, what is unwise, what is well."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import func, select

from engine.errors import TomlakeError
from lake.inbox.quarantine import quarantined_count
from lake.job_rows import JobState
from lake.opening import Lake
from lake.operations import jobs, reading
from lake.people.accounts import list_users
from lake.providers import Provider
from lake.settings import Settings

FREE_GB_MIN = 5.0
STALE_JOBS_MIN = 100
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


class State(StrEnum):
    """How a check ended."""

    WELL = "well"
    UNWISE = "unwise"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found, in a sentence that says what to do."""

    about: str
    state: State
    sentence: str


def examine(settings: Settings, opened: Callable[[], Lake]) -> list[Finding]:
    """Return what every check found; an installation that cannot be opened is a finding too."""
    findings = [
        _address(settings),
        _names(settings),
        _backup(settings),
        _limits(settings),
        _uploads(settings),
        *map(_sign_in, settings.providers),
        _folder(settings),
    ]
    try:
        lake = opened()
    except TomlakeError as error:
        return [*findings, _finding("installation", State.BROKEN, error.reason)]
    return [*findings, _lake(lake), _staff(lake), _queue(lake), _aside(lake)]


def _address(settings: Settings) -> Finding:
    parts = urlsplit(settings.public_url)
    if parts.scheme == "https" or parts.hostname in _LOCAL:
        return _finding("address", State.WELL, f"People come by {settings.public_url}.")
    return _finding(
        "address",
        State.UNWISE,
        "Passwords and tokens travel in clear: put a proxy with HTTPS in front and set TOMLAKE_PUBLIC_URL "
        "to its https:// address.",
    )


def _names(settings: Settings) -> Finding:
    if settings.origin("public_url") != "default" or settings.host in _LOCAL:
        return _finding("names", State.WELL, "The portal answers to its own names only.")
    return _finding(
        "names",
        State.UNWISE,
        "People come from other machines, but the portal knows no name of its own: set TOMLAKE_PUBLIC_URL.",
    )


def _uploads(settings: Settings) -> Finding:
    if settings.uploads_per_day and settings.upload_mb_per_day:
        most = f"{settings.uploads_per_day} files and {settings.upload_mb_per_day} MB"
        return _finding("uploads", State.WELL, f"One person may send {most} in a day.")
    return _finding(
        "uploads",
        State.UNWISE,
        "One account may fill the disk: set TOMLAKE_UPLOADS_PER_DAY and TOMLAKE_UPLOAD_MB_PER_DAY.",
    )


def _sign_in(provider: Provider) -> Finding:
    about = f"sign-in {provider.name}"
    if not provider.client_secret:
        sentence = (
            f"{provider.title} may want a secret: set TOMLAKE_OIDC_{provider.name.upper()}_CLIENT_SECRET."
        )
        return _finding(about, State.UNWISE, sentence)
    if not provider.issuer.startswith("https://"):
        return _finding(
            about, State.UNWISE, f"{provider.title} is asked without https: good for trials only."
        )
    return _finding(about, State.WELL, f"People may sign in with {provider.title}.")


def _backup(settings: Settings) -> Finding:
    if settings.backup_url:
        return _finding("backup", State.WELL, "There is a backup every night.")
    return _finding("backup", State.UNWISE, "Nothing is backed up: set TOMLAKE_BACKUP_URL to another disk.")


def _limits(settings: Settings) -> Finding:
    if settings.requests_per_min:
        return _finding(
            "limits", State.WELL, f"One client may ask {settings.requests_per_min} times a minute."
        )
    return _finding("limits", State.UNWISE, "Anybody may ask without end: set TOMLAKE_REQUESTS_PER_MIN.")


def _folder(settings: Settings) -> Finding:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data_dir) as file:
            file.write(b"tomlake")
        free_gb = shutil.disk_usage(settings.data_dir).free / 1e9
    except OSError as error:
        return _finding(
            "data folder", State.BROKEN, f"{settings.data_dir} cannot be written: {error.strerror}."
        )
    if free_gb < FREE_GB_MIN:
        return _finding("data folder", State.UNWISE, f"Only {free_gb:.1f} GB are free: make room.")
    return _finding("data folder", State.WELL, f"It can be written; {free_gb:.0f} GB are free.")


def _lake(lake: Lake) -> Finding:
    try:
        version = lake.store.version()
    except TomlakeError as error:
        return _finding("lake", State.BROKEN, error.reason)
    return _finding("lake", State.WELL, f"Both databases answer; the lake stands at version {version}.")


def _staff(lake: Lake) -> Finding:
    staff = [user.username for user in list_users(lake.operations) if user.is_staff]
    if staff:
        return _finding("staff", State.WELL, f"Looked after by {', '.join(staff)}.")
    return _finding(
        "staff", State.UNWISE, "Nobody is staff: add somebody with `tomlake user add NAME --staff`."
    )


def _queue(lake: Lake) -> Finding:
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    with reading(lake.operations) as connection:
        counts = {state: int(number) for state, number in connection.execute(query)}
    waiting, running = (counts.get(state.value, 0) for state in (JobState.WAITING, JobState.RUNNING))
    dead = counts.get(JobState.DEAD.value, 0)
    if waiting >= STALE_JOBS_MIN and not running:
        return _finding("jobs", State.UNWISE, f"{waiting} jobs wait and nobody works: start `tomlake work`.")
    if dead:
        return _finding(
            "jobs", State.UNWISE, f"{dead} jobs were given up: see the page Jobs for the reasons."
        )
    return _finding("jobs", State.WELL, f"{waiting} wait, {running} run.")


def _aside(lake: Lake) -> Finding:
    number = quarantined_count(lake.operations)
    told = f"{number} uploads could not be read: `tomlake quarantine` says why." if number else "Empty."
    return _finding("quarantine", State.WELL, told)


def _finding(about: str, state: State, sentence: str) -> Finding:
    return Finding(about=about, state=state, sentence=sentence)
