"""What the page of staff shows and changes; the lake refuses everybody else, whatever a page asks."""

from collections.abc import Iterable, Mapping

import polars as pl

from engine.times import datetime_of, mjd_now
from lake.job_rows import JobState
from lake.people.accounts import User
from lake.people.audit import AuditFilter, Entry, Kind, audit_page
from lake.people.tokens import DAYS_MAX
from lake.sites.camera_approval import approve_camera, refuse_camera, waiting_cameras
from lake.sites.observatories import RegisteredCamera
from portal.api.v1.problems import MOST_BODY_BYTES
from portal.at_work.work import ListedJob, jobs_listed, retry_job
from portal.deed import outcome
from portal.fmt import moment_text
from portal.opened import lake, settings
from portal.spreadsheet import harmless_texts
from portal.words import _, marked, several

ANY_KIND = marked("Everything")
AUDIT_KINDS: dict[str, str] = {
    ANY_KIND: "",
    marked("Sign-ins"): Kind.SIGN_IN.value,
    marked("Downloads"): Kind.DOWNLOAD.value,
    marked("Changes"): Kind.CHANGE.value,
}
SINCE: dict[str, float | None] = {
    marked("day"): 1.0,
    marked("week"): 7.0,
    marked("month"): 30.0,
    marked("ever"): None,
}
AUDIT_PAGE = 100
_LIMITS: Mapping[str, tuple[str, str]] = {
    "upload_max_mb": (marked("One file"), "{number} MB"),
    "requests_per_min": (
        marked("Requests of one address or token to the API"),
        marked("{number} a minute; 0 is any number"),
    ),
    "job_wall_clock_s": (marked("One job"), "{number} s"),
    "job_memory_mb": (marked("Memory of one job"), "{number} MB"),
    "workers": (marked("Jobs at once"), marked("{number} worker processes")),
    "keep_versions_d": (marked("Every version of the lake is kept"), marked("{number} days")),
}


def is_staff(user: User | None) -> bool:
    """Return whether somebody may see this page at all."""
    return user is not None and user.is_staff


def cameras_waiting() -> list[RegisteredCamera]:
    """Return the cameras that wait for staff."""
    return waiting_cameras(lake().operations)


def camera_facts(camera: RegisteredCamera) -> dict[str, str]:
    """Return what staff look at before they approve a camera."""
    place, facts = camera.observatory, camera.camera
    told = {
        _("Observatory"): place.name,
        _("Registered by"): camera.created_by,
        _("Place"): f"{place.longitude_deg:+.4f}°, {place.latitude_deg:+.4f}°, {place.altitude_m:.0f} m",
        _("Gain"): facts.gain_e_adu and f"{facts.gain_e_adu:g} e/ADU",
        _("Read noise"): facts.read_noise_e and f"{facts.read_noise_e:g} e",
        _("Saturation"): facts.saturation_adu and f"{facts.saturation_adu:g} ADU",
        _("Pixel scale"): facts.pixel_scale_arcsec and f"{facts.pixel_scale_arcsec:g} arcsec",
    }
    return {name: str(value) for name, value in told.items() if value}


def decide_camera(user: User, oname: str, *, is_good: bool) -> str:
    """Approve a camera, or put it out of use; return what to tell the person."""
    decide = approve_camera if is_good else refuse_camera
    done = _("{camera} is approved.", camera=oname) if is_good else _("{camera} is out of use.", camera=oname)
    return outcome(lambda: decide(lake().operations, oname, by=user), done)


def stuck_jobs(user: User) -> list[ListedJob]:
    """Return jobs that were given up, and those whose worker has been silent beyond its lease."""
    running = jobs_listed(user, state=JobState.RUNNING)
    silent = [one for one in running if (one.job.lease_until_mjd or 0.0) < mjd_now()]
    return [*jobs_listed(user, state=JobState.DEAD), *silent]


def retry_jobs(user: User, job_ids: Iterable[int]) -> str:
    """Let jobs run again; return what to tell the person."""
    words = [outcome(lambda job_id=job_id: retry_job(job_id, user), "") for job_id in job_ids]  # type: ignore[misc]
    refused = [word for word in words if word]
    if refused:
        return refused[0]
    return several(
        "{count} job waits for a worker again.", "{count} jobs wait for a worker again.", len(words)
    )


def audit_lines(user: User, *, kind: str, who: str, since: str, before_id: int | None = None) -> list[Entry]:
    """Return a page of the log, the newest lines first."""
    days = SINCE.get(since)
    wanted = AuditFilter(
        kind=AUDIT_KINDS.get(kind, ""),
        who=who.strip(),
        since_mjd=None if days is None else mjd_now() - days,
        before_id=before_id,
    )
    return audit_page(lake().operations, wanted, user, limit=AUDIT_PAGE)


def audit_table(lines: Iterable[Entry]) -> pl.DataFrame:
    """Return lines of the log as the page lists them."""
    rows = [
        {
            "Time (UTC)": moment_text(line.at_mjd),
            "Kind": str(line.kind),
            "What": line.deed,
            "Who": line.who,
            "Address": line.address,
            "Of": f"{line.object_kind} {line.object_name or line.object_id}" if line.object_kind else "",
            "Before": _told(line.before),
            "After": _told(line.after),
        }
        for line in lines
    ]
    names = ("Time (UTC)", "Kind", "What", "Who", "Address", "Of", "Before", "After")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String()))


def audit_csv(lines: Iterable[Entry]) -> bytes:
    """Return lines of the log as CSV for spreadsheets."""
    return harmless_texts(audit_table(lines)).write_csv().encode()


def limits_table() -> pl.DataFrame:
    """Return the limits of this installation, and what sets each."""
    now = settings()
    rows = [
        (_(words), _(value, number=f"{getattr(now, name):,}"), _origin_text(now.origin(name)))
        for name, (words, value) in _LIMITS.items()
    ]
    rows += [
        (_("Body of a request to /api/v1"), f"{MOST_BODY_BYTES // 1_000_000} MB", _("fixed")),
        (_("Life of a token"), _("{number} days", number=f"{DAYS_MAX:,.0f}"), _("fixed")),
    ]
    return pl.DataFrame(rows, schema=["Limit", "Value", "Set by"], orient="row")


def _origin_text(origin: str) -> str:
    return _("default") if origin == "default" else origin  # else the name of a variable


def today() -> str:
    """Return the day in UTC, for names of files."""
    return f"{datetime_of(mjd_now()):%Y-%m-%d}"


def _told(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in values.items())
