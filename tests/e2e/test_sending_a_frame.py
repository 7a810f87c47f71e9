"""A simulated frame from the upload page, through its progress, to its verdict."""

import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import requests
from playwright.sync_api import Page, expect

from engine.photometry.sky import Scene, simulate_exposure, write_fits
from engine.photometry.sky_stars import one_star
from engine.times import mjd_now
from tests.e2e.installation import TIMEOUT_MS, Installation, sign_in
from tomlake.demo.cast import cast
from tomlake.demo.observatory import field_stars

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

NAME = "Sim26dkv"
VERDICT_TIMEOUT_MS = 180_000  # frames of the demo may stand before it in the queue
UPLOAD_BYTES_PER_S = 300_000
TRUE_G_MAG = 14.0


@pytest.fixture
def frame(demo: Installation, tmp_path: Path) -> Path:
    """Return a frame of a target of the demo, in a night that the demo has not."""
    told = requests.get(f"{demo.url}/api/v1/targets/{NAME}", timeout=30).json()
    actor = next(each for each in cast(mjd_now()) if each.name == NAME)
    actor = replace(actor, ra_deg=told["ra_deg"], dec_deg=told["dec_deg"])
    star = one_star(
        NAME, ra_deg=actor.ra_deg, dec_deg=actor.dec_deg, g_mag=TRUE_G_MAG, bp_rp_mag=actor.bp_rp_mag
    )
    scene = Scene(
        ra_deg=actor.ra_deg,
        dec_deg=actor.dec_deg,
        shape=(600, 800),
        pixel_scale_arcsec=1.4,
        mjd=float(np.floor(mjd_now()) - 6.1),
        fwhm_pix=2.8,
    )
    rng = np.random.default_rng(zlib.crc32(b"a frame of a browser"))
    path = tmp_path / "own_night.fits"
    write_fits(
        simulate_exposure(pl.concat([field_stars(actor), star]), rng=rng, scene=scene), path, object_name=NAME
    )
    return path


def test_a_simulated_frame_shows_its_progress_and_leads_to_its_verdict(
    page: Page, demo: Installation, frame: Path
) -> None:
    sign_in(page, demo)
    page.goto(f"{demo.url}/upload?target={NAME}")
    files = page.locator("input[type=file]")
    files.wait_for(state="attached", timeout=TIMEOUT_MS)
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": UPLOAD_BYTES_PER_S}
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", slow)
    files.set_input_files(str(frame))
    page.get_by_text(re.compile(r"^[1-9]\d? % of ")).wait_for(timeout=TIMEOUT_MS)
    assert 0 < page.get_by_role("progressbar", name=frame.name).evaluate("bar => bar.value") < 1
    network.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    page.get_by_text("1 of 1 file measured or answered").wait_for(timeout=VERDICT_TIMEOUT_MS)
    page.get_by_text("The verdict in full").first.click()
    page.get_by_role("heading", name=frame.name).wait_for(timeout=TIMEOUT_MS)
    measured = page.get_by_role("heading", name=re.compile(r"^\d\d\.\d+ ± 0\.\d+ mag"))
    measured.wait_for(timeout=TIMEOUT_MS)
    for words in ("What it is worth", "How well the stars agree", "Which band?"):
        expect(page.get_by_text(words, exact=True)).to_be_visible(timeout=TIMEOUT_MS)
    picture = page.locator(".tl-frame img")
    picture.wait_for(timeout=TIMEOUT_MS)
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 800
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible(timeout=TIMEOUT_MS)
