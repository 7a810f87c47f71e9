"""A new target, from the form that adds it to what its link shows to everybody else."""

import io
import re

import pytest
import requests
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import TIMEOUT_MS, Installation, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

ADDED, SHARED = "By hand 1", "Shared 1"


def preview_address(installation: Installation) -> str:
    """Return the picture that the link tells other sites of, empty when there is none."""
    page = requests.get(f"{installation.url}/target", params={"name": SHARED}, timeout=30).text
    found = re.search(r'property="og:image" content="([^"]+)"', page)
    return found.group(1) if found else ""


def test_a_target_is_added_though_its_catalogue_is_silent(page: Page, installation: Installation) -> None:
    sign_in(page, installation)
    page.goto(f"{installation.url}/targets")
    page.get_by_role("button", name="Add a target").click()
    page.get_by_role("textbox", name="Look up").fill("M 31")
    page.get_by_role("button", name="Fill in").click()
    page.get_by_text("try again in a while").wait_for(timeout=TIMEOUT_MS)
    name = page.get_by_role("textbox", name="Name", exact=True)
    name.fill(ADDED)
    page.get_by_role("textbox", name="RA", exact=True).fill("13:07:04.45")
    declination = page.get_by_role("textbox", name="Dec", exact=True)
    declination.fill("+95:10:51.2")
    page.get_by_role("button", name="Add target").click()
    page.get_by_test_id("stAlert").filter(has_text="beyond range").wait_for(timeout=TIMEOUT_MS)
    expect(name).to_have_value(ADDED)  # nothing has to be typed twice
    declination.fill("-66:10:51.2")
    page.get_by_role("button", name="Add target").click()
    page.get_by_role("heading", name=ADDED).wait_for(timeout=TIMEOUT_MS)
    page.get_by_text("196.76854").first.wait_for(timeout=TIMEOUT_MS)


def test_a_link_shows_strangers_a_picture_until_its_owner_takes_the_target_back(
    page: Page, browser: Browser, installation: Installation
) -> None:
    installation.command("target", "add", SHARED, "--ra", "11:00:00", "--dec", "-66:00:00")
    link = f"{installation.url}/target?name={SHARED}"
    picture = preview_address(installation)
    answer = requests.get(picture, timeout=30)
    assert Image.open(io.BytesIO(answer.content)).size == (1200, 630)
    context = browser.new_context()
    stranger = context.new_page()
    stranger.goto(link)
    stranger.get_by_role("button", name="Permalink").wait_for(timeout=TIMEOUT_MS)
    assert stranger.get_by_role("button", name="Sharing").count() == 0

    sign_in(page, installation)
    page.goto(link)
    page.get_by_role("button", name="Sharing").click()
    page.get_by_role("combobox", name="Who sees it").click()
    page.get_by_role("option", name="Only me").click()
    page.get_by_role("button", name="Share so").click()
    page.get_by_text(re.compile("private$")).first.wait_for(timeout=TIMEOUT_MS)
    stranger.reload()
    stranger.get_by_role("heading", name="No such target").wait_for(timeout=TIMEOUT_MS)
    context.close()
    assert preview_address(installation) == ""
    assert requests.get(picture, timeout=30).status_code == 404
