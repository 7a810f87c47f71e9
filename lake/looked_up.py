"""Names that were looked up are kept for a while, so that a name asked twice goes out once."""

import hashlib
import json
import logging
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from engine.brokers.names.resolve import Resolved, resolve
from engine.brokers.protocol import Http
from engine.errors import Rejected
from engine.target import Target
from engine.times import mjd_now

logger = logging.getLogger(__name__)

_KNOWN_D = 30.0
_UNKNOWN_D = 1.0  # somebody may name it tomorrow
_MOVING_D = 1.0 / 24.0  # a body of the Solar System is elsewhere then
_FACTS = (
    "name", "ra_deg", "dec_deg", "epoch", "pm_ra_mas_yr", "pm_dec_mas_yr", "classification", "description",
    "designation",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    asked_mjd: float
    found: Resolved | None
    reason: str  # why nothing was found

    @property
    def is_young(self) -> bool:
        if self.found is None:
            keep_d = _UNKNOWN_D
        else:
            keep_d = _MOVING_D if self.found.target.designation else _KNOWN_D
        return 0.0 <= mjd_now() - self.asked_mjd < keep_d


def look_up(folder: Path, http: Http, name: str) -> Resolved:
    """Return what a name means, from the folder where it was asked lately, else from those who can know it.

    That everybody says no is kept for a day; that somebody did not answer is not kept.

    Raises
    ------
    Rejected, Transient
        As ``engine.brokers.names.resolve.resolve``.
    """
    path = folder / f"{hashlib.sha256(name.strip().encode()).hexdigest()}.json"
    kept = _read(path)
    if kept is None or not kept.is_young:
        kept = _asked(http, name)
        _write(path, kept)
    if kept.found is None:
        raise Rejected(kept.reason, code="unknown-name")
    return kept.found


def _asked(http: Http, name: str) -> _Kept:
    try:
        return _Kept(asked_mjd=mjd_now(), found=resolve(http, name), reason="")
    except Rejected as refusal:
        if refusal.code != "unknown-name":
            raise
        return _Kept(asked_mjd=mjd_now(), found=None, reason=refusal.reason)


def _read(path: Path) -> _Kept | None:
    try:
        told = json.loads(path.read_bytes())
        target = told["target"]
        found = None
        if target is not None:
            aliases = tuple((str(source), str(alias)) for source, alias in told["aliases"])
            found = Resolved(target=Target(**target, aliases=aliases), by=told["by"])
        return _Kept(asked_mjd=float(told["asked_mjd"]), found=found, reason=told["reason"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        logger.warning("the kept answer %s cannot be read; its name is asked again", path.name)
        return None


def _write(path: Path, kept: _Kept) -> None:
    target = None if kept.found is None else kept.found.target
    told = {
        "asked_mjd": kept.asked_mjd,
        "reason": kept.reason,
        "by": "" if kept.found is None else kept.found.by,
        "target": None if target is None else {fact: getattr(target, fact) for fact in _FACTS},
        "aliases": [] if target is None else list(target.aliases),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
    aside.write_text(json.dumps(told))
    os.replace(aside, path)  # noqa: PTH105 - the atomic one, by its own name
