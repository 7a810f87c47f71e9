"""A real night of a real 0.15 m telescope, from the browser and from a script to points on the page."""

import gzip
import io
import re
import time
from pathlib import Path

import numpy as np
import pytest
import requests
from astropy.io import fits
from playwright.sync_api import Page, Route, expect

from tests.e2e.installation import PASSWORD, TIMEOUT_MS, Installation, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

VERDICT_TIMEOUT_MS = 120_000
TARGET = "HAT-P-32"


@pytest.fixture(scope="session")
def night(shared: Path) -> Path:
    """Return the folder of the night of 2017 December 20."""
    return shared / "images" / "microobservatory_hatp32"


@pytest.fixture(scope="session")
def observing(installation: Installation, shared: Path) -> Installation:
    """Return the installation with the target and the reference stars of its field."""
    installation.command("target", "add", TARGET, "--ra", "02:04:10.28", "--dec", "+46:41:16.2")
    images = shared / "images"
    installation.command(
        "references", "load", str(images / "ref_gaia_G10_hatp32.ecsv"), str(images / "ref_tycho2_hatp32.fits")
    )
    return installation


def token_of(installation: Installation) -> str:
    answer = requests.post(
        f"{installation.url}/api/token-auth/",
        json={"username": "caroline", "password": PASSWORD},
        timeout=10,
    )
    assert answer.status_code == 200
    return answer.json()["token"]


def csv_rows(installation: Installation) -> list[str]:
    answer = requests.post(
        f"{installation.url}/targets/download-photometry/",
        json={"name": TARGET},
        headers={"Authorization": f"Token {token_of(installation)}"},
        timeout=10,
    )
    assert answer.status_code == 200
    return answer.text.splitlines()[1:]


def test_two_frames_dropped_on_the_upload_page_become_points_of_the_target(
    page: Page, observing: Installation, night: Path
) -> None:
    frames = sorted(night.glob("*.FITS"))[:2]
    sign_in(page, observing)
    page.goto(f"{observing.url}/upload?target={TARGET}")
    page.locator("input[type=file]").set_input_files([str(frame) for frame in frames])
    page.get_by_text("2 of 2 files").wait_for(timeout=VERDICT_TIMEOUT_MS)
    expect(page.get_by_text("was placed on the sky")).to_have_count(2, timeout=TIMEOUT_MS)
    page.goto(f"{observing.url}/target?name={TARGET}")
    page.locator("canvas, svg.marks").first.wait_for()
    page.get_by_text("Caroline Herschel").first.wait_for()
    rows = csv_rows(observing)
    assert len(rows) == 2
    assert all(";Caroline Herschel" in row for row in rows)


def test_one_frame_sent_by_a_script_becomes_one_more_line_of_the_csv(
    observing: Installation, night: Path
) -> None:
    before = len(csv_rows(observing))
    frame = sorted(night.glob("*.fits.fz"))[5]
    form = {"target": TARGET, "filter": "GaiaSP/any", "data_product_type": "fits_file", "dry_run": "False"}
    for _ in range(2):  # the same bytes twice are one job and one point
        answer = requests.post(
            f"{observing.url}/upload/",
            data=form,
            files={"files": (frame.name, frame.read_bytes())},
            headers={"Authorization": f"Token {token_of(observing)}"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["Success"][0]["message"] == "Received plain FITS file."
    deadline = time.monotonic() + VERDICT_TIMEOUT_MS / 1000
    while len(csv_rows(observing)) == before and time.monotonic() < deadline:
        time.sleep(0.5)
    assert len(csv_rows(observing)) == before + 1


def test_a_broken_file_is_refused_in_one_sentence_and_the_worker_lives(
    page: Page, observing: Installation
) -> None:
    constant = io.BytesIO()
    fits.PrimaryHDU(
        data=[[7] * 64] * 64, header=fits.Header({"DATE-OBS": "2026-01-01T00:00:00", "EXPTIME": 30.0})
    ).writeto(constant)
    sign_in(page, observing)
    page.goto(f"{observing.url}/upload?target={TARGET}")
    page.locator("input[type=file]").set_input_files(
        [
            {"name": "<b>text</b>.fits", "mimeType": "", "buffer": b"this is no image"},
            {"name": "constant.fits.gz", "mimeType": "", "buffer": gzip.compress(constant.getvalue())},
        ]
    )
    page.get_by_text("2 of 2 files").wait_for(timeout=VERDICT_TIMEOUT_MS)
    page.get_by_text("same value").first.wait_for()
    assert page.get_by_text("Traceback").count() == 0
    assert requests.get(f"{observing.url}/api/health", timeout=10).json()["status"] == "ok"


def test_a_large_file_goes_on_after_a_broken_connection_and_leads_to_its_verdict(
    page: Page, observing: Installation, night: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.fits"
    with fits.open(sorted(night.glob("*.FITS"))[0]) as units:
        sky = np.random.default_rng(1).normal(1000.0, 30.0, (1500, 2000)).astype(np.float32)
        fits.PrimaryHDU(sky, units[0].header).writeto(large, output_verify="ignore")  # hand-made: no stars
    offsets: list[str] = []

    def send_on(route: Route) -> None:
        offsets.append(route.request.headers["upload-offset"])
        if len(offsets) == 2:  # the second piece is lost on its way
            route.abort()
        else:
            route.continue_()

    sign_in(page, observing)
    page.goto(f"{observing.url}/upload?target={TARGET}")
    page.route(re.compile("/api/v1/transfers/[0-9a-f]+$"), lambda route: (
        send_on(route) if route.request.method == "PATCH" else route.continue_()
    ))  # fmt: skip
    page.locator("input[type=file]").set_input_files(str(large))
    page.get_by_text("1 of 1 file").wait_for(timeout=VERDICT_TIMEOUT_MS)
    assert offsets == ["0", "4194304", "4194304", "8388608"]
    page.get_by_text("The verdict in full").first.click()
    page.get_by_text("What to change").wait_for(timeout=TIMEOUT_MS)
    assert page.url.partition("?frame=")[2].startswith("u")
    picture = page.locator(".tl-frame img")
    picture.wait_for(timeout=TIMEOUT_MS)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1000
