"""Light curves, spectra and tables of stars become what their senders meant; what is wrong is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from installations import opened_in

from engine.errors import Rejected
from engine.frame import Camera
from engine.photometry.sky_stars import gaia_like_stars
from engine.sent.spectrum import read_spectrum
from engine.target import Target, Visibility
from jobs.loop import work
from jobs.reduce import reduce_upload
from jobs.watch import Limits
from lake.credit import with_strangers
from lake.inbox.accepting import Upload, UploadKind, UploadRequest, UploadStatus, accept_all, upload
from lake.inbox.changes import change_observers
from lake.inbox.removal import remove_upload
from lake.inbox.uploads import uploads
from lake.opening import Lake
from lake.people.accounts import create_user, find_user
from lake.provenance import new_batch
from lake.queue import list_jobs
from lake.references import put_stars
from lake.rights import SYSTEM
from lake.seen import seen_light_curve
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.targets import create_target

# hand-made, in the columns of BHTOM's own sample
CURVE = (
    "time,filter,magnitude,error\n"
    "60000.25,V(GaiaSP),15.2,0.03\n"
    "60001.25,GaiaDR3/GBP,15.9,0.02\n"
    "60002.25,V(GaiaSP),18.5,-1\n"
    "60003.25,I(GaiaSP),19.0,99\n"
)
RA_DEG, DEC_DEG = 150.0, 20.0


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = opened_in(tmp_path)
    for name in ("ada", "bob"):
        create_user(opened.operations, name, "a long enough one", full_name=name.title())
    target = Target(name="T", ra_deg=RA_DEG, dec_deg=DEC_DEG)
    create_target(opened.operations, target, by="ada")
    yield opened
    opened.close()


def send(lake: Lake, *bodies: str | bytes, **said: object) -> list[Upload]:
    """Send files together and let a worker take them."""
    files = []
    for number, body in enumerate(bodies):
        with lake.raw.receive() as reception:
            reception.write(body if isinstance(body, bytes) else body.encode())
            raw_file = reception.finish()
        request = UploadRequest(target="T", filename=f"{number}.dat", uploaded_by="ada")
        files.append((raw_file, replace(request, **said)))  # type: ignore[arg-type]
    sent = accept_all(lake, files)
    work_off(lake)
    return [upload(lake.operations, each.upload_id, SYSTEM) for each in sent]


def work_off(lake: Lake) -> None:
    limits = Limits(wall_clock_s=60, memory_mb=3000)
    work(lake, {"reduce": reduce_upload}, name="w", limits=limits, once=True)


def curve(lake: Lake) -> pl.DataFrame:
    return lake.store.light_curve(1)


def test_a_light_curve_becomes_points_with_everybody_credited_and_can_be_read_again(lake: Lake) -> None:
    comment = with_strangers("clear sky", ["J. Kowalski"])
    said = {"kind": UploadKind.PHOTOMETRY_CSV, "observatory": "Some dome", "comment": comment}
    (sent,) = send(lake, CURVE, **said, observers=("bob", "ada"))
    assert (sent.status, sent.reason) == (
        UploadStatus.MEASURED, "2 magnitudes and 2 limits were added as they were sent.",
    )  # fmt: skip
    points = curve(lake)
    assert points.select("mjd", "band", "mag", "mag_err", "limit_mag").rows() == [
        (60000.25, "V(GaiaSP)", 15.2, 0.03, None),
        (60001.25, "BP(GaiaDR3)", 15.9, 0.02, None),
        (60002.25, "V(GaiaSP)", None, None, 18.5),
        (60003.25, "I(GaiaSP)", None, None, 19.0),
    ]
    assert set(points["facility"]) == {"Some dome"}
    assert set(points["observer"]) == {"Bob, Ada, J. Kowalski"}
    assert points["bjd_tdb"].null_count() == 0
    change_observers(lake, sent.upload_id, ["bob"], user=SYSTEM)
    assert set(curve(lake)["observer"]) == {"Bob"}
    batch = lake.store.read("SELECT raw_sha256, \"by\" FROM lake.batches WHERE task = 'reduce'").rows()
    assert batch == [(sent.sha256, "ada")]


def test_a_camera_that_is_registered_gives_a_light_curve_its_site(lake: Lake) -> None:
    site = Observatory(name="ROAD", longitude_deg=-68.2, latitude_deg=-22.9)
    added = add_observatory(lake.operations, site, by="ada")
    camera = Camera(name="QHY")
    add_camera(lake.operations, added.observatory_id or 0, camera, by="ada", oname="ROAD_QHY")
    send(lake, CURVE, kind=UploadKind.PHOTOMETRY_CSV, observatory="road_qhy")
    assert set(curve(lake).select("facility", "camera").rows()) == {("ROAD", "QHY")}


def test_a_trial_is_read_and_adds_nothing(lake: Lake) -> None:
    (sent,) = send(lake, CURVE, kind=UploadKind.PHOTOMETRY_CSV, dry_run=True)
    assert (sent.status, sent.code) == (UploadStatus.MEASURED, "dry-run")
    assert curve(lake).is_empty()


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("mag,error\n1,2\n", "not-a-curve", "time, filter"),
        (b"\xff\xfe\x00", "not-a-curve", "no text"),
        (CURVE.replace("60001.25", "61.25"), "bad-row", "Row 2"),
        (CURVE.replace("15.9", "bright"), "bad-row", "Row 2"),
        (CURVE.replace("I(GaiaSP)", "Q(Nowhere)"), "unknown-band", "Row 4"),
    ],
)
def test_a_wrong_light_curve_is_refused_whole_with_the_row_that_is_wrong(
    lake: Lake, body: str | bytes, code: str, words: str
) -> None:
    (sent,) = send(lake, body, kind=UploadKind.PHOTOMETRY_CSV)
    assert (sent.status, sent.code) == (UploadStatus.REJECTED, code)
    assert words in sent.reason
    assert curve(lake).is_empty()


def test_what_a_closed_light_curve_gave_is_its_senders_also_after_it_was_deleted(lake: Lake) -> None:
    bob = find_user(lake.operations, "bob")
    said = {"kind": UploadKind.PHOTOMETRY_CSV, "visibility": Visibility.PRIVATE}
    (sent,) = send(lake, CURVE, **said)
    version = lake.store.version()
    ada = find_user(lake.operations, "ada")
    assert ada is not None
    assert len(seen_light_curve(lake.operations, lake.store, 1, ada)) == 4
    assert seen_light_curve(lake.operations, lake.store, 1, bob).is_empty()
    with pytest.raises(Rejected) as refusal:
        remove_upload(lake, sent.upload_id, user=bob or SYSTEM)
    assert refusal.value.code == "unknown-upload"
    remove_upload(lake, sent.upload_id, user=ada)
    assert curve(lake).is_empty()
    assert uploads(lake.operations, SYSTEM) == []
    assert seen_light_curve(lake.operations, lake.store, 1, bob, as_of=version).is_empty()
    (again,) = send(lake, CURVE, kind=UploadKind.PHOTOMETRY_CSV)
    assert (again.upload_id, again.visibility, len(curve(lake))) == (sent.upload_id, Visibility.PUBLIC, 4)


def test_several_files_are_taken_together_or_not_at_all(lake: Lake) -> None:
    with lake.raw.receive() as reception:
        reception.write(b"x")
        raw_file = reception.finish()
    good = UploadRequest(target="T", filename="a.csv", uploaded_by="ada", kind=UploadKind.PHOTOMETRY_CSV)
    with pytest.raises(Rejected) as refusal:
        accept_all(lake, [(raw_file, good), (raw_file, replace(good, target="Nowhere"))])
    assert refusal.value.code == "unknown-target"
    assert uploads(lake.operations, SYSTEM) == []
    assert list_jobs(lake.operations) == []


def table_of(stars: pl.DataFrame, *, target_off_arcsec: float) -> str:
    """Return stars as the table of another program, and a star beside the target's place."""
    lines = ["# 1 ALPHA_J2000", "# 2 DELTA_J2000", "# 3 MAG_AUTO", "# 4 MAGERR_AUTO"]
    rows = [*stars.select("ra_deg", "dec_deg", "mag").rows(), (RA_DEG, DEC_DEG, 14.0)]
    off_deg = [0.0] * len(stars) + [target_off_arcsec / 3600]
    lines += [
        f"{ra:.7f} {dec + off:.7f} {mag - 22.0:.4f} 0.0100"
        for (ra, dec, mag), off in zip(rows, off_deg, strict=True)
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("match_dist_arcsec", "status"), [(None, "limit"), (4.0, "measured"), (1.0, "limit")]
)
def test_the_matching_radius_says_how_far_from_its_place_the_target_may_stand(
    lake: Lake, match_dist_arcsec: float | None, status: str
) -> None:
    rng = np.random.default_rng(6)  # no star of these lies beside the target
    stars = gaia_like_stars(rng, ra_deg=RA_DEG, dec_deg=DEC_DEG, radius_deg=0.2, g_mag_range=(11.0, 15.0))
    stars = stars.with_columns(catalogue=pl.lit("GaiaSP"))
    put_stars(lake.store, stars, batch=new_batch("references", "file"))
    (sent,) = send(
        lake, table_of(stars.filter(pl.col("band") == "V(GaiaSP)"), target_off_arcsec=3.0),
        kind=UploadKind.PHOTOMETRY, mjd=60000.5, match_dist_arcsec=match_dist_arcsec,
        requested_filter="GaiaSP/V",
    )  # fmt: skip
    assert str(sent.status) == status, sent.reason
    if status == "measured":
        assert curve(lake)["mag"][0] == pytest.approx(14.0, abs=0.05)


WAVES = np.linspace(4000.0, 9000.0, 50)
ASCII_SPECTRUM = "# DATE-OBS: 2026-01-02T03:04:05\n# FACILITY: SPRAT\nwavelength flux\n" + "".join(
    f"{wave:.18e} {1e-15 * wave:.18e}\n" for wave in WAVES
)  # hand-made, as BHTOM's sample is written


def fits_spectrum(path: Path, *, as_table: bool) -> bytes:
    """Return a hand-made spectrum in nanometres, as FITS."""
    if as_table:
        columns = [
            fits.Column(name="WAVELENGTH", format="D", unit="nm", array=WAVES / 10),
            fits.Column(name="FLUX", format="D", array=1e-15 * WAVES),
        ]
        hdus = fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(columns)])
    else:
        hdus = fits.HDUList([fits.PrimaryHDU(1e-15 * WAVES[np.newaxis, np.newaxis])])
        hdus[0].header.update({"CRVAL1": 400.0, "CDELT1": (WAVES[1] - WAVES[0]) / 10, "CUNIT1": "nm"})
    hdus[0].header.update({"DATE-OBS": "2026-01-02T03:04:05", "TELESCOP": "SPRAT"})
    hdus.writeto(path)
    return path.read_bytes()


@pytest.mark.parametrize("form", ["text", "row", "table"])
def test_a_spectrum_is_read_in_angstroms_from_text_and_from_both_kinds_of_fits(
    lake: Lake, tmp_path: Path, form: str
) -> None:
    path = tmp_path / "s.fits"
    body = ASCII_SPECTRUM.encode() if form == "text" else fits_spectrum(path, as_table=form == "table")
    path.write_bytes(body)
    spectrum = read_spectrum(path)
    np.testing.assert_allclose(spectrum.wavelength_angstrom, WAVES)
    np.testing.assert_allclose(spectrum.flux, 1e-15 * WAVES)
    assert (spectrum.facility, spectrum.mjd) == ("SPRAT", pytest.approx(61042.127836, abs=1e-6))
    (sent,) = send(lake, body, kind=UploadKind.SPECTROSCOPY, observatory="SPRAT")
    assert (sent.status, sent.reason) == (
        UploadStatus.MEASURED, "A spectrum of 50 points from 4000 to 9000 Å was read.",
    )  # fmt: skip


@pytest.mark.parametrize("body", ["no numbers here", "1 2\n3 4\n", CURVE, b"\x00" * 50, b"SIMPLE  = T"])
def test_what_is_no_spectrum_is_refused(lake: Lake, body: str | bytes) -> None:
    (sent,) = send(lake, body, kind=UploadKind.SPECTROSCOPY)
    assert (sent.status, sent.code) == (UploadStatus.REJECTED, "not-a-spectrum")
