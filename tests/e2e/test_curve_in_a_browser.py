"""The light curve in a browser: points under a brush become a table and a file; links carry a picture."""

import csv
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page

from tests.e2e.installation import TIMEOUT_MS, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

NAME = "Sim26dkv"
CHART = '[data-testid="stVegaLiteChart"]'


def brush(page: Page) -> None:
    """Shift and drag over the lower half of the chart, where most points are."""
    box = page.locator(CHART).first.bounding_box()
    assert box is not None
    left, top = box["x"] + 0.35 * box["width"], box["y"] + 0.38 * 400
    page.keyboard.down("Shift")
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 60, top + 60, steps=4)
    page.mouse.move(left + 0.3 * box["width"], top + 200, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


def test_a_mark_says_in_the_browser_what_was_measured(page: Page, demo: Installation) -> None:
    page.goto(f"{demo.url}/target?name={NAME}")
    marks = page.locator(f"{CHART} svg g.mark-symbol > path")
    marks.first.wait_for(timeout=TIMEOUT_MS)
    page.wait_for_load_state("networkidle")
    table = requests.get(f"{demo.url}/download/{NAME}.csv", timeout=30).text
    measured = {_told(row) for row in csv.DictReader(table.splitlines())}
    assert marks.count() > 100
    tip = page.locator("#vg-tooltip-element.visible")
    for number in range(5, marks.count(), marks.count() // 6):
        page.mouse.move(0, 0)
        tip.wait_for(state="detached", timeout=5000)
        marks.nth(number).hover(force=True)  # another mark may lie above it, and speaks then
        tip.wait_for(timeout=5000)
        said = dict(row.all_inner_texts() for row in _cells(tip))
        assert (said["MJD"], said["Brightness"], said["Band"]) in measured
        assert "simulated" in said["Remark"]


def _cells(tip: Locator) -> list[Locator]:
    return [row.locator("td") for row in tip.locator("tr").all()]


def _told(row: dict[str, str]) -> tuple[str, str, str]:
    brightness = f"fainter than {float(row['limit_mag'] or 0):.2f}"
    if row["mag"]:
        brightness = f"{float(row['mag']):.3f} ± {float(row['mag_err']):.3f}"
    return f"{float(row['mjd_utc']):.5f}", brightness, row["filter"]


def test_points_under_a_brush_become_a_table_and_a_file(
    page: Page, demo: Installation, tmp_path: Path
) -> None:
    page.goto(f"{demo.url}/target?name={NAME}")
    page.locator(f"{CHART} svg").first.wait_for(timeout=TIMEOUT_MS)
    brush(page)
    told = page.get_by_text("points chosen")
    told.wait_for(timeout=15_000)
    count = int(told.inner_text().split()[0].replace(",", ""))
    assert 0 < count < 2000
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of these").click()
    path = tmp_path / "chosen.csv"
    download.value.save_as(path)
    rows: list[dict[str, Any]] = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == count == len({row["point_id"] for row in rows})
    assert {row["target"] for row in rows} == {NAME}
    assert all("simulated" in row["quality_text"] for row in rows)


def test_what_is_switched_on_stands_in_the_address_and_survives_a_reload(
    page: Page, demo: Installation
) -> None:
    page.goto(f"{demo.url}/target?name={NAME}")
    page.locator(f"{CHART} svg").first.wait_for(timeout=TIMEOUT_MS)
    page.get_by_text("Flux", exact=True).click()
    page.wait_for_url("**show=Flux*")
    page.reload()
    page.locator(f"{CHART} svg").get_by_text("flux [µJy]").first.wait_for(timeout=TIMEOUT_MS)
    page.get_by_role("tab", name="Points").click()
    page.get_by_role("tab", name="Light curve").click()
    page.locator(f"{CHART} svg").get_by_text("flux [µJy]").first.wait_for(timeout=TIMEOUT_MS)


def test_a_finder_chart_is_drawn_without_the_network_and_can_be_taken_along(
    page: Page, demo: Installation, tmp_path: Path
) -> None:
    page.goto(f"{demo.url}/target?name={NAME}")
    page.get_by_role("tab", name="Sky").click()
    chart = page.get_by_alt_text(f"Finder chart of {NAME}", exact=False)
    chart.wait_for(timeout=TIMEOUT_MS)
    assert chart.evaluate("image => image.naturalWidth") > 600
    for form, begins in (("PNG", b"\x89PNG"), ("PDF", b"%PDF-"), ("SVG", b"<svg")):
        with page.expect_download() as download:
            page.get_by_role("button", name=form, exact=True).click()
        path = tmp_path / form
        download.value.save_as(path)
        assert path.read_bytes().startswith(begins)


def test_a_shared_link_carries_a_picture(demo: Installation) -> None:
    page = requests.get(f"{demo.url}/target", params={"name": NAME}, timeout=30).text
    assert 'property="og:image"' in page
    picture = requests.get(f"{demo.url}/share/{NAME}.png", timeout=30)
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["content-security-policy"]
