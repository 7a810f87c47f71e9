"""Files that were sent for the targets of ``shared_things``: a frame and a spectrum for each thing."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import polars as pl
from shared_things import FILES, MAGS, Thing, add_account
from sqlalchemy import update

from engine.bands import BANDS
from engine.frame import Camera
from engine.lightcurve import light_curve
from engine.photometry.cutout import Cutout
from engine.photometry.looked import Glance
from engine.photometry.preview import preview_png
from engine.photometry.references import REFERENCE_SCHEMA
from engine.photometry.verdict import STARS_SCHEMA, Reduction, Status
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.ephemerides import NODES, KeptEphemeris, Wanted, keep_ephemeris
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.glances import keep_glances
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.uploads import Upload, UploadKind, UploadResult, UploadStatus, set_upload_result
from lake.job_rows import JobState
from lake.opening import Lake
from lake.operations import jobs, writing
from lake.people.profile import Profile, change_profile
from lake.provenance import new_batch
from lake.queue import claim, finish
from lake.references import put_stars
from lake.targets import update_summary

LAST_MJD = 61000.5  # of the frames; archives saw the targets before
RADIO = next(name for name, band in BANDS.items() if band.unit == "mJy")
BODY = "2099 YZ"  # the designation under which each target has an ephemeris, for what is drawn of bodies
_WAVES = np.linspace(4000.0, 9000.0, 30)


def add_archive_points(lake: Lake, target: Target, word: str) -> None:
    """Give a target a light curve with a period, as an archive would."""
    mjd = 60000.25 + 3.7 * np.arange(60) + 0.8 * np.sin(np.arange(60))
    points = light_curve(
        pl.DataFrame(
            {
                "target_id": target.target_id or 0,
                "source": "ztf",
                "source_ref": [f"{word}{number}" for number in range(len(mjd))],
                "mjd": mjd,
                "band": "ZTF(zg)",
                "mag": 17.0 + np.sin(mjd),
                "mag_err": 0.05,
                "facility": f"{word} Survey",
                "observer": f"{word} Robot",
            }
        )
    )
    radio = points.head(1).with_columns(
        source_ref=pl.lit(f"{word}Radio"),
        band=pl.lit(RADIO),
        mag=None,
        mag_err=None,
        flux_ujy=900.0,
        flux_err_ujy=9.0,
    )
    points = light_curve(pl.concat([points, radio], how="diagonal_relaxed"))
    batch = new_batch("harvest", "ztf", target_id=target.target_id)
    lake.store.replace_points(target.target_id or 0, "ztf", points, batch=batch)


def add_ephemeris(lake: Lake, target: Target) -> None:
    """Keep invented places of a target, as if it were a body."""
    mjd = np.arange(59990.0, mjd_now() + 30.0, 20.0)
    values = {"mjd": mjd} | {name: np.full(len(mjd), 2.0 + n) for n, name in enumerate(NODES[1:])}
    kept = KeptEphemeris(designation=BODY, asked_mjd=mjd_now(), nodes=pl.DataFrame(values))
    keep_ephemeris(lake.operations, Wanted(target_id=target.target_id or 0), kept)


def add_reference_stars(lake: Lake, targets: Iterable[Target]) -> None:
    """Keep a star beside each target, so that the sky about it is drawn."""
    rows = [
        {"catalogue": "GaiaSP", "ref_id": f"star {each.target_id}", "ra_deg": each.ra_deg,
         "dec_deg": each.dec_deg, "band": "r(GaiaSP)", "mag": 14.0, "mag_err": 0.01}
        for each in targets
    ]  # fmt: skip
    put_stars(lake.store, pl.DataFrame(rows, schema=REFERENCE_SCHEMA), batch=new_batch("test", "file"))


def add_files_of(lake: Lake, thing: Thing, group_id: int) -> Thing:
    """Send a frame and a spectrum that bear a thing's word; some of the public target are closed."""
    observer = _observer(lake, thing.word)
    request = UploadRequest(
        target=thing.target.name,
        filename=f"{thing.word}.fits",
        comment=f"{thing.word} was low.",
        observatory=thing.oname,
        observers=(observer,),
        uploaded_by="owner",
        group_id=group_id,
        visibility=_visibility(thing.kind),
        embargo_until_mjd=mjd_now() + 30.0 if thing.kind == "embargoed file" else None,
    )
    sent = _sent(lake, request, thing.word.encode())
    frame_ids = _measured(lake, thing, sent)
    spectrum = replace(request, filename=f"{thing.word}.txt", kind=UploadKind.SPECTROSCOPY)
    kept = _sent(lake, spectrum, _spectrum(thing.word))
    _end(lake, kept, UploadStatus.MEASURED, ())
    points = lake.store.light_curve(thing.target.target_id or 0)
    update_summary(lake.operations, thing.target.target_id or 0, points)
    own = points.filter(pl.col("source_ref").str.starts_with(sent.sha256))
    return replace(
        thing, upload_id=sent.upload_id, spectrum_id=kept.upload_id, job_id=sent.job_id or 0,
        frame_id=frame_ids[0], point_id=own["point_id"][0],
    )  # fmt: skip


def fail_a_file(lake: Lake, target: Target, word: str) -> int:
    """Return the job of a file that was given up, so that staff find it among the stuck ones."""
    request = UploadRequest(target=target.name, filename=f"{word}Bad.fits", uploaded_by="owner")
    sent = _sent(lake, request, f"bad {word}".encode())
    given_up = {"state": JobState.DEAD.value, "reason": f"{word} cannot be read."}
    with writing(lake.operations) as connection:
        connection.execute(update(jobs).where(jobs.c.job_id == sent.job_id).values(given_up))
    return sent.job_id or 0


def _visibility(kind: str) -> Visibility:
    narrower = kind in FILES and kind != "embargoed file"
    return Visibility(kind.split(" ", maxsplit=1)[0]) if narrower else Visibility.PUBLIC


def _observer(lake: Lake, word: str) -> str:
    """Return the user name of an observer whose name is cited with the points of one thing."""
    user = add_account(lake, word.lower(), f"{word} Observer")
    told = Profile(full_name=user.full_name, affiliation=f"{word} Hill", latex_name=f"{word} O.")
    change_profile(lake.operations, user, told)
    return user.username


def _sent(lake: Lake, request: UploadRequest, body: bytes) -> Upload:
    with lake.raw.receive() as reception:
        reception.write(body)
        return accept(lake, reception.finish(), request)


def _end(lake: Lake, sent: Upload, status: UploadStatus, frame_ids: tuple[str, ...]) -> None:
    job = claim(lake.operations, "test", lease_s=60)
    assert job is not None
    assert job.job_id == sent.job_id
    word = sent.filename.partition(".")[0]
    result = UploadResult(
        upload_id=sent.upload_id, status=status, code=status.value, reason=f"{word} went well.",
        frame_ids=frame_ids,
    )  # fmt: skip
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, f"{word} was measured.")


def _measured(lake: Lake, thing: Thing, sent: Upload) -> tuple[str, ...]:
    """Keep a verdict with every picture, star and number that it can have."""
    number = list(MAGS).index(thing.kind)
    noise = np.random.default_rng(number).normal(300, 9, (61, 61)).astype(np.float32)
    reduction = Reduction(
        status=Status.MEASURED,
        code="measured",
        reason=f"{thing.word} was measured.",
        sentences=(f"{thing.word} is bright.",),
        notes=(f"The header of {thing.word} has no GAIN.",),
        file=sent.filename,
        band="r(GaiaSP)",
        mjd=LAST_MJD + number,
        exptime_s=60.0,
        mag=MAGS[thing.kind],
        mag_err=0.021,
        limit_mag=18.5,
        zero_point_mag=22.1,
        stars=3,
        stars_table=_stars(thing.word),
        cutout=Cutout(pixels=noise, x=100, y=50),
    )
    origin = FrameOrigin(
        upload_id=sent.upload_id,
        raw_sha256=sent.sha256,
        target=thing.target,
        camera=Camera(name=f"CCD{number}", facility=f"Site{number}"),
        observer=f"{thing.word} Observer",
    )
    batch = new_batch("reduce", "upload", target_id=thing.target.target_id, raw_sha256=sent.sha256)
    frame_ids = save_reduction(lake, origin, [reduction], batch=batch)
    seen = Glance(
        plane="", width_pix=40, height_pix=30, mjd=LAST_MJD, exptime_s=60.0, filter_name=thing.word,
        ra_deg=None, dec_deg=None, stars=3, saturated_share=0.0, saturated_stars=0.0,
    )  # fmt: skip
    picture = preview_png(np.full((30, 40), float(number), dtype=np.float32))
    keep_glances(lake, sent.sha256, [(seen, picture)])
    _end(lake, sent, UploadStatus.MEASURED, frame_ids)
    return frame_ids


def _stars(word: str) -> pl.DataFrame:
    rows = [
        {"ref_id": f"{word}Star{n}", "x": 10.0 * n, "y": 5.0, "ra_deg": 100.0 + n / 100, "dec_deg": 12.0,
         "inst_mag": -8.0 + n, "inst_mag_err": 0.01, "ref_mag": 14.0 + n, "residual_mag": 0.02 * (-1) ** n,
         "flags": 0, "used": True}
        for n in range(4)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=STARS_SCHEMA)


def _spectrum(word: str) -> bytes:
    rows = "".join(f"{wave:.3f} {1e-15 * (wave / 4000):.6e}\n" for wave in _WAVES)
    return (
        f"# DATE-OBS: 2026-01-02T03:04:05\n# FACILITY: {word} Spectrograph\nwavelength flux\n{rows}".encode()
    )
