"""Light curves to take away: BHTOM's three CSV files, each download written down, and its plots."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from engine.target import Target
from lake.opening import Lake
from lake.people.accounts import User
from lake.people.audit import note_download
from lake.people.downloads import Download, DownloadFilter, Taken, list_downloads
from lake.seen import seen_light_curve
from lake.snapshots import version_of
from portal.api.bhtom.asked_target import target_or_refused
from portal.api.bhtom.pages import date_mjd, moment, paged
from portal.api.bhtom.plotly import figure_of
from portal.api.fields import Fields, SentFields, clean_text, text_of
from portal.api.identity import SignedIn, TheLake, address_of
from portal.api.light_curve_csv import bhtom_csv, high_energy_csv, radio_csv
from portal.api.reply import Refused, json_reply

router = APIRouter()

MOST_PLOTS = 100
_WRITERS: dict[Taken, tuple[str, Callable[[pl.DataFrame], str]]] = {
    Taken.PHOTOMETRY: ("photometry", bhtom_csv),
    Taken.RADIO: ("radio", radio_csv),
    Taken.HIGH_ENERGY: ("highenergy", high_energy_csv),
}

_NO_PLOT = "Target does not exist in the database "
_LETTERS = {taken.value[0].upper(): taken for taken in Taken}  # BHTOM writes P, R and H


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks for a file, of what, and from where."""

    request: Request
    user: User
    lake: Lake
    fields: Fields


def _asking(request: Request, user: SignedIn, lake: TheLake, fields: SentFields) -> Asking:
    return Asking(request=request, user=user, lake=lake, fields=fields)


TheAsking = Annotated[Asking, Depends(_asking)]


@router.post("/targets/download-photometry")
@router.post("/targets/download-photometry/")
def photometry(asking: TheAsking) -> Response:
    """Give the magnitudes and limits of a target as BHTOM's CSV file; ``as_of`` is ours, not BHTOM's."""
    return _download(asking, Taken.PHOTOMETRY)


@router.post("/targets/download-radio")
@router.post("/targets/download-radio/")
def radio(asking: TheAsking) -> Response:
    """Give the radio fluxes of a target as BHTOM's CSV file."""
    return _download(asking, Taken.RADIO)


@router.post("/targets/download-high-energy")
@router.post("/targets/download-high-energy/")
def high_energy(asking: TheAsking) -> Response:
    """Give the fluxes of a target at high energies as BHTOM's CSV file."""
    return _download(asking, Taken.HIGH_ENERGY)


@router.post("/targets/get-downloaded-target-list")
@router.post("/targets/get-downloaded-target-list/")
@router.post("/targets/getDownloadedTargetList")
@router.post("/targets/getDownloadedTargetList/")
def downloaded(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """List who took which light curve away; for staff."""
    if not user.is_staff:
        raise Refused(404, "You have no permissions, Admin Only")
    wanted = DownloadFilter(
        target_name=text_of(fields, "target") or "",
        username=text_of(fields, "user") or "",
        taken=_LETTERS.get((text_of(fields, "download_type") or "").upper()),
        since_mjd=date_mjd(fields, "created_from"),
        before_mjd=date_mjd(fields, "created_to", end=True),
    )
    found = list_downloads(lake.operations, wanted, user=user)
    return json_reply(paged([_download_item(each) for each in found], fields))


@router.post("/targets/get-plots")
@router.post("/targets/get-plots/")
def plots(user: SignedIn, lake: TheLake, fields: SentFields) -> Response:
    """Give the light curves of targets as figures of plotly, by name."""
    asked = fields.get("targetNames")
    names = [clean_text(name) for name in asked] if isinstance(asked, list) else [clean_text(asked or "")]
    if not any(names) or len(names) > MOST_PLOTS:
        raise Refused(400, {"Error ": f"targetNames is a list of 1 to {MOST_PLOTS} names."})
    figures: dict[str, object] = {}
    for name in names:
        target = target_or_refused(lake, name, user, key="Error ", sentence=_NO_PLOT, status=400)
        figures[target.name] = figure_of(_seen(lake, target, user)) or "None"
    return json_reply({"Plots": figures})


def _download(asking: Asking, taken: Taken) -> Response:
    lake, user, name = asking.lake, asking.user, text_of(asking.fields, "name")
    if name is None:
        raise Refused(400, {"Error": "Something went wrong"})
    target = target_or_refused(lake, name, user, key="Error", sentence=f'Target "{name:.120}" not found')
    as_of = text_of(asking.fields, "as_of")
    version = version_of(lake, as_of) if as_of else None
    points = _seen(lake, target, user, as_of=version)
    word, written = _WRITERS[taken]
    note_download(lake.operations, target, who=user, address=address_of(asking.request), deed=taken.value)
    headers = {
        "Content-Type": "text/csv",
        "Content-Disposition": f'attachment; filename="target_{target.name}_{word}.csv"',
        "Cache-Control": "no-store",
    }
    return Response(written(points), headers=headers)


def _seen(lake: Lake, target: Target, user: User, *, as_of: int | None = None) -> pl.DataFrame:
    return seen_light_curve(lake.operations, lake.store, target.target_id or 0, user, as_of=as_of)


def _download_item(download: Download) -> dict[str, object]:
    return {
        "id": download.download_id,
        "user": download.user_id,
        "user_name": download.username,
        "target": download.target_id,
        "target_name": download.target_name,
        "created": moment(download.made_mjd),
        "modified": moment(download.made_mjd),
        "download_type": download.taken.value[0].upper(),
        "ip_address": download.address,
    }
