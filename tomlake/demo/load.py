"""Loading the demo: targets, archive points, reference stars, and frames that go through the real queue."""

import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from engine.errors import Rejected
from engine.frame import Camera
from engine.target import Target
from engine.times import mjd_now
from lake.inbox.accepting import UploadRequest, accept
from lake.opening import Lake
from lake.people.accounts import create_user, find_user
from lake.provenance import new_batch
from lake.references import put_stars
from lake.rights import SYSTEM
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.store import Replacement
from lake.target_list import TargetFilter, find_targets, update_summary
from lake.targets import create_target
from tomlake.demo.actor import Actor
from tomlake.demo.cast import cast
from tomlake.demo.observatory import OBSERVERS, SimulatedFrame, field_stars, frames
from tomlake.demo.surveys import SOURCE, survey_points

Progress = Callable[[str, float], None]

OBSERVATORY = "Simulated Observatory"
ONAME = "SimObs_Cam1"
MADE_BY = "demo"


def load_demo(lake: Lake, progress: Progress) -> int:
    """Return how many simulated targets were loaded; their frames are left to the workers.

    Raises
    ------
    Rejected
        ``demo-is-there``: simulated targets are in the lake already.
    """
    if find_targets(lake.operations, TargetFilter(simulated=True), SYSTEM)[1]:
        raise Rejected(
            "The demo is loaded already; `tomlake demo --remove` takes it away.", code="demo-is-there"
        )
    now_mjd = mjd_now()
    actors = cast(now_mjd)
    progress("Targets", 0.0)
    targets = [_create(lake, actor) for actor in actors]
    progress("Light curves as archives would have them", 0.1)
    _load_points(lake, actors, targets, now_mjd)
    progress("Reference stars", 0.4)
    stars = pl.concat([field_stars(actor) for actor in actors if actor.observed])
    put_stars(lake.store, stars, batch=new_batch("demo", "simulated", by=MADE_BY))
    _add_observatory(lake)
    progress("Frames", 0.5)
    _send_frames(lake, actors, now_mjd, progress)
    return len(actors)


def username_of(observer: str) -> str:
    """Return the account name of a simulated observer."""
    return observer.replace(" ", "-").lower()


def _create(lake: Lake, actor: Actor) -> Target:
    return create_target(
        lake.operations,
        Target(
            name=actor.name,
            ra_deg=actor.ra_deg,
            dec_deg=actor.dec_deg,
            classification=actor.classification,
            description=f"Simulated. {actor.story}",
            importance=actor.importance,
            cadence_d=actor.cadence_d,
            simulated=True,
        ),
        by=MADE_BY,
    )


def _load_points(lake: Lake, actors: list[Actor], targets: list[Target], now_mjd: float) -> None:
    replacements = []
    for number, (actor, target) in enumerate(zip(actors, targets, strict=True)):
        target_id = target.target_id or 0
        points = survey_points(actor, target_id, now_mjd=now_mjd, rng=np.random.default_rng(number))
        replacements.append(Replacement(target_id=target_id, source=SOURCE, points=points))
    lake.store.replace_many(replacements, batch=new_batch("demo", SOURCE, by=MADE_BY))
    for replacement in replacements:
        update_summary(lake.operations, replacement.target_id, replacement.points)


def _add_observatory(lake: Lake) -> None:
    place = Observatory(
        name=OBSERVATORY,
        longitude_deg=-17.88,
        latitude_deg=28.76,
        altitude_m=2390.0,
        comment="Simulated: no such telescope exists.",
        simulated=True,
    )
    observatory = add_observatory(lake.operations, place, by=MADE_BY)
    camera = Camera(name="Simulated camera", facility=OBSERVATORY)
    add_camera(lake.operations, observatory.observatory_id or 0, camera, by=MADE_BY, oname=ONAME)
    for observer in OBSERVERS:
        if find_user(lake.operations, username_of(observer)) is None:
            # nobody knows this password: the account only gives the frames somebody to credit
            create_user(lake.operations, username_of(observer), secrets.token_urlsafe(32), full_name=observer)


def _send_frames(lake: Lake, actors: list[Actor], now_mjd: float, progress: Progress) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, frame in enumerate(frames(actors, Path(folder), now_mjd=now_mjd)):
            _send(lake, frame)
            progress("Frames", min(0.5 + number / 70.0, 0.99))


def _send(lake: Lake, frame: SimulatedFrame) -> None:
    with lake.raw.receive() as reception:
        reception.write(frame.path.read_bytes())
        raw_file = reception.finish()
    request = UploadRequest(
        target=frame.actor.name,
        filename=frame.path.name,
        observatory=ONAME,
        comment=frame.comment,
        uploaded_by=username_of(frame.observer),
        simulated=True,
    )
    accept(lake, raw_file, request)
