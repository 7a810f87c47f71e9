"""Settings of one installation: read once from ``TOMLAKE_*`` and handed down; nothing else reads them."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from engine.brokers.asking.accounts import ACCOUNTS
from engine.errors import Rejected
from lake.providers import NAMES as PROVIDERS
from lake.providers import Provider, provider_variables, providers_of, written_out

logger = logging.getLogger(__name__)
_Choice = TypeVar("_Choice", bound=StrEnum)

PREFIX = "TOMLAKE_"
NEW_PASSWORD = "TOMLAKE_NEW_PASSWORD"  # noqa: S105 - of a command that adds an account
ADMIN_PASSWORD = "TOMLAKE_ADMIN_PASSWORD"  # noqa: S105 - of the first administrator
_YES, _NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})
_VARIABLES: dict[str, str] = {
    "data_dir": "TOMLAKE_DATA",
    "operations_url": "TOMLAKE_OPERATIONS_URL",
    "catalog_url": "TOMLAKE_CATALOG_URL",
    "store_url": "TOMLAKE_STORE_URL",
    "raw_url": "TOMLAKE_RAW_URL",
    "publish_url": "TOMLAKE_PUBLISH_URL",
    "backup_url": "TOMLAKE_BACKUP_URL",
    "s3_endpoint": "TOMLAKE_S3_ENDPOINT",
    "s3_key_id": "TOMLAKE_S3_KEY_ID",
    "s3_secret": "TOMLAKE_S3_SECRET",
    "s3_region": "TOMLAKE_S3_REGION",
    "keep_versions_d": "TOMLAKE_KEEP_VERSIONS_D",
    "quiet_hour": "TOMLAKE_QUIET_HOUR",
    "executor": "TOMLAKE_EXECUTOR",
    "scheduler": "TOMLAKE_SCHEDULER",
    "host": "TOMLAKE_HOST",
    "port": "TOMLAKE_PORT",
    "workers": "TOMLAKE_WORKERS",
    "job_wall_clock_s": "TOMLAKE_JOB_WALL_CLOCK_S",
    "job_memory_mb": "TOMLAKE_JOB_MEMORY_MB",
    "upload_max_mb": "TOMLAKE_UPLOAD_MAX_MB",
    "index_dir": "TOMLAKE_INDEX_DIR",
    "public_url": "TOMLAKE_PUBLIC_URL",
    "allowed_hosts": "TOMLAKE_ALLOWED_HOSTS",
    "proxies": "TOMLAKE_PROXIES",
    "uploads_per_day": "TOMLAKE_UPLOADS_PER_DAY",
    "upload_mb_per_day": "TOMLAKE_UPLOAD_MB_PER_DAY",
    "requests_per_min": "TOMLAKE_REQUESTS_PER_MIN",
    "sign_up": "TOMLAKE_SIGN_UP",
    "staff_second_factor": "TOMLAKE_STAFF_SECOND_FACTOR",
    "terms_file": "TOMLAKE_TERMS_FILE",
    "smtp_url": "TOMLAKE_SMTP_URL",
    "mail_from": "TOMLAKE_MAIL_FROM",
}


class Executor(StrEnum):
    """Where heavy jobs run."""

    LOCAL = "local"  # in the worker processes of this machine
    DASK = "dask"  # on a Dask cluster


class SignUp(StrEnum):
    """Who may make an account."""

    OPEN = "open"  # anybody
    APPROVED = "approved"  # whom staff approve of
    CLOSED = "closed"  # only staff, for others


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where one installation keeps its data and how large its work may grow."""

    data_dir: Path
    operations_url: str  # SQLAlchemy URL of accounts, uploads and jobs
    catalog_url: str  # of the lake's catalog: sqlite:///file or postgresql://
    store_url: str  # folder, or s3:// place, of the lake's Parquet files
    raw_url: str  # fsspec URL of the raw answers and uploads
    publish_url: str  # folder, or s3:// place, of the public lake
    backup_url: str = ""  # where the nightly backup goes; empty: there is none
    s3_endpoint: str = ""  # such as http://127.0.0.1:9000; empty: Amazon's
    s3_key_id: str = ""
    s3_secret: str = field(default="", repr=False)
    s3_region: str = "us-east-1"
    keep_versions_d: int = 90  # how long every version of the lake can be read; named snapshots for ever
    quiet_hour: int = 2  # UTC: when the lake is kept up in full
    executor: Executor = Executor.LOCAL
    scheduler: str = ""  # address of the Dask scheduler, such as tcp://host:8786
    host: str = "127.0.0.1"
    port: int = 8501
    workers: int = 1
    job_wall_clock_s: int = 900
    job_memory_mb: int = 4000
    upload_max_mb: int = 1024
    index_dir: Path | None = None  # plate-solving index files
    public_url: str = ""  # address under which people reach the portal
    allowed_hosts: str = ""  # further names of the portal, with commas; see ``portal.security.hosts``
    proxies: str = ""  # networks of web servers in front, with commas, beside those of this machine
    uploads_per_day: int = 2000  # of one person; 0: any number
    upload_mb_per_day: int = 100_000  # of one person; 0: any size
    requests_per_min: int = 6000  # of the API, for one address and for one token; 0: any number
    sign_up: SignUp = SignUp.APPROVED
    staff_second_factor: bool = False  # staff without one are nobody special
    terms_file: Path | None = None  # the terms of use; none: nobody is asked to accept any
    smtp_url: str = field(default="", repr=False)  # smtps://user:password@host:465; none: no mail is sent
    mail_from: str = ""  # address in whose name mail is sent
    providers: tuple[Provider, ...] = ()  # services through which people may sign in
    accounts: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # at archives: (name, secret)
    origins: tuple[tuple[str, str], ...] = ()  # (field, where its value comes from)

    def origin(self, name: str) -> str:
        """Return the variable that set a field, or ``default``."""
        return dict(self.origins).get(name, "default")

    @property
    def secrets(self) -> dict[str, str]:
        """Return the secrets of accounts at archives by name; see ``engine.brokers.asking.accounts``."""
        return dict(self.accounts)

    def shown(self) -> list[tuple[str, str, str]]:
        """Return (field, value, origin) of every setting, with passwords in URLs hidden."""
        return (
            [
                (each.name, _shown(each.name, str(getattr(self, each.name) or "")), self.origin(each.name))
                for each in fields(self)
                if each.name not in {"origins", "accounts", "providers"}
            ]
            + [
                ("providers", ", ".join(each.name for each in self.providers), self.origin("providers")),
            ]
            + [
                (
                    name,
                    "***" if name in self.secrets else "",
                    _secret(name) if name in self.secrets else "default",
                )
                for name in ACCOUNTS
            ]
        )


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process; ``environ`` stands for the environment in tests.

    Raises
    ------
    Rejected
        ``bad-setting``: a number is not a whole number in its range, or a provider cannot be used.
    """
    given = {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    _warn_of_unknown(given)
    data_dir = Path(given.get("TOMLAKE_DATA", "tomlake-data")).expanduser().absolute()
    index_dir, terms_file = given.get("TOMLAKE_INDEX_DIR"), given.get("TOMLAKE_TERMS_FILE")
    host, port = given.get("TOMLAKE_HOST", "127.0.0.1"), _whole(given, "port", 8501, least=1, most=65535)
    return Settings(
        data_dir=data_dir,
        operations_url=given.get("TOMLAKE_OPERATIONS_URL", f"sqlite:///{data_dir / 'operations.sqlite'}"),
        catalog_url=given.get("TOMLAKE_CATALOG_URL", f"sqlite:///{data_dir / 'catalog.sqlite'}"),
        store_url=given.get("TOMLAKE_STORE_URL", str(data_dir / "store")),
        raw_url=given.get("TOMLAKE_RAW_URL", str(data_dir / "raw")),
        publish_url=given.get("TOMLAKE_PUBLISH_URL", str(data_dir / "public")),
        backup_url=given.get("TOMLAKE_BACKUP_URL", ""),
        s3_endpoint=given.get("TOMLAKE_S3_ENDPOINT", "").rstrip("/"),
        s3_key_id=given.get("TOMLAKE_S3_KEY_ID", ""),
        s3_secret=given.get("TOMLAKE_S3_SECRET", ""),
        s3_region=given.get("TOMLAKE_S3_REGION", "us-east-1"),
        keep_versions_d=_whole(given, "keep_versions_d", 90, least=1, most=100_000),
        quiet_hour=_whole(given, "quiet_hour", 2, least=0, most=23),
        executor=_one_of(Executor, given, "executor", Executor.LOCAL),
        scheduler=given.get("TOMLAKE_SCHEDULER", ""),
        host=host,
        port=port,
        workers=_whole(given, "workers", 1, least=0, most=256),
        job_wall_clock_s=_whole(given, "job_wall_clock_s", 900, least=1, most=86400),
        job_memory_mb=_whole(given, "job_memory_mb", 4000, least=256, most=1_000_000),
        upload_max_mb=_whole(given, "upload_max_mb", 1024, least=1, most=100_000),
        index_dir=Path(index_dir).expanduser().absolute() if index_dir else None,
        requests_per_min=_whole(given, "requests_per_min", 6000, least=0, most=10_000_000),
        public_url=given.get("TOMLAKE_PUBLIC_URL", f"http://{host}:{port}").rstrip("/"),
        sign_up=_one_of(SignUp, given, "sign_up", SignUp.APPROVED),
        staff_second_factor=_yes_no(given, "staff_second_factor"),
        terms_file=Path(terms_file).expanduser().absolute() if terms_file else None,
        smtp_url=_smtp_url(given),
        mail_from=given.get("TOMLAKE_MAIL_FROM", "").strip(),
        allowed_hosts=given.get("TOMLAKE_ALLOWED_HOSTS", ""),
        proxies=_proxies(given),
        uploads_per_day=_whole(given, "uploads_per_day", 2000, least=0, most=10_000_000),
        upload_mb_per_day=_whole(given, "upload_mb_per_day", 100_000, least=0, most=1_000_000_000),
        providers=providers_of(given),
        accounts=tuple((name, given[_secret(name)].strip()) for name in ACCOUNTS if _secret(name) in given),
        origins=_origins(given),
    )


def _origins(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return which fields were given, each with the variable that gave it."""
    known = {**_VARIABLES, "providers": PROVIDERS}
    return tuple((name, variable) for name, variable in known.items() if variable in given)


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the environment for a program that this one starts: its own, with these settings written out."""
    told = {variable: _written(getattr(settings, name)) for name, variable in _VARIABLES.items()}
    told |= written_out(settings.providers)
    # what is asked for once, by a command, is nothing for a program that runs for months
    own = {name: value for name, value in os.environ.items() if name not in {NEW_PASSWORD, ADMIN_PASSWORD}}
    return {**own, **told, **{_secret(name): value for name, value in settings.accounts}}


def _written(value: object) -> str:
    return "" if value is None else str(value)  # 0 is a value


def _secret(name: str) -> str:
    """Return the variable that sets a secret."""
    return f"{PREFIX}{name.upper()}"


def _whole(given: Mapping[str, str], field: str, default: int, *, least: int, most: int) -> int:
    variable = _VARIABLES[field]
    text = given.get(variable, str(default)).strip()
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise Rejected(
            f"{variable} is {text!r}; it must be a whole number from {least} to {most}.", code="bad-setting"
        )
    return int(text)


def _one_of(kind: type[_Choice], given: Mapping[str, str], field: str, default: _Choice) -> _Choice:
    variable = _VARIABLES[field]
    text = given.get(variable, default.value).strip()
    try:
        return kind(text)
    except ValueError as error:
        words = [each.value for each in kind]
        choices = f"{', '.join(words[:-1])} or {words[-1]}"
        raise Rejected(f"{variable} is {text!r}; it must be {choices}.", code="bad-setting") from error


def _yes_no(given: Mapping[str, str], field: str) -> bool:
    variable = _VARIABLES[field]
    text = given.get(variable, "no").strip().lower()
    if text not in _YES | _NO:
        raise Rejected(f"{variable} is {text!r}; it must be yes or no.", code="bad-setting")
    return text in _YES


def _proxies(given: Mapping[str, str]) -> str:
    text = given.get("TOMLAKE_PROXIES", "").strip()
    try:
        return ",".join(str(ip_network(each.strip(), strict=False)) for each in text.split(",") if each)
    except ValueError as error:
        raise Rejected(
            f"TOMLAKE_PROXIES is {text!r}; give addresses or networks such as 10.1.2.0/24, with commas.",
            code="bad-setting",
        ) from error


def _smtp_url(given: Mapping[str, str]) -> str:
    """Return where mail is handed in; a wrong place is told now and not when somebody waits for a mail."""
    text = given.get("TOMLAKE_SMTP_URL", "").strip()
    if text and (urlsplit(text).scheme not in {"smtp", "smtps"} or not urlsplit(text).hostname):
        raise Rejected(
            "TOMLAKE_SMTP_URL must be smtps://user:password@host:465 or smtp://user:password@host:587.",
            code="bad-setting",
        )
    if text and "@" not in given.get("TOMLAKE_MAIL_FROM", ""):
        raise Rejected("Set TOMLAKE_MAIL_FROM to the address in whose name mail is sent.", code="bad-setting")
    return text


def _warn_of_unknown(given: Mapping[str, str]) -> None:
    known = {*_VARIABLES.values(), *map(_secret, ACCOUNTS), *provider_variables(given)}
    known |= {NEW_PASSWORD, ADMIN_PASSWORD}
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in known:
            logger.warning("%s is no setting of tomlake and was ignored", name)


def _shown(field_name: str, text: str) -> str:
    return "***" if field_name == "s3_secret" and text else _without_password(text)


def _without_password(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    credentials, at, place = rest.rpartition("@")
    if not at:
        return text
    return f"{scheme}{separator}{credentials.partition(':')[0]}:***@{place}"
