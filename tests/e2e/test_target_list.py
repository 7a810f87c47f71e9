"""From the list of targets to a target and back: the filters are as they were, and an address tells them."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import TIMEOUT_MS, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

NAMES = ("Back 1", "Back 2", "Back 3")


@pytest.fixture(scope="module")
def listed(installation: Installation) -> Installation:
    """Return the installation with three targets in one field."""
    for number, name in enumerate(NAMES):
        installation.command("target", "add", name, "--ra", f"{150 + number / 10}", "--dec", "+45")
    return installation


def filters_of(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_filters_are_kept_on_the_way_back_and_an_address_shares_them(
    page: Page, browser: Browser, listed: Installation
) -> None:
    page.goto(f"{listed.url}/targets")
    near = page.get_by_role("textbox", name="Near a position or a target")
    near.fill("10:00:00 +45:00:00")
    near.press("Enter")
    page.get_by_text("3 targets").first.wait_for(timeout=TIMEOUT_MS)
    page.get_by_label("Name or alias contains").fill("Back 2")
    page.keyboard.press("Enter")
    page.get_by_text("1 target ·").first.wait_for(timeout=TIMEOUT_MS)
    before = filters_of(page)
    assert before == {"q": ["Back 2"], "near": ["10:00:00 +45:00:00"]}

    page.get_by_test_id("stDataFrame").locator("canvas").first.click(position={"x": 90, "y": 55}, force=True)
    page.get_by_role("heading", name="Back 2").wait_for(timeout=TIMEOUT_MS)
    page.go_back()
    page.get_by_text("1 target ·").first.wait_for(timeout=TIMEOUT_MS)
    assert filters_of(page) == before
    expect(page.get_by_role("textbox", name="Near a position or a target")).to_have_value(
        "10:00:00 +45:00:00"
    )

    elsewhere = browser.new_context().new_page()
    elsewhere.goto(page.url)
    elsewhere.get_by_text("1 target ·").first.wait_for(timeout=TIMEOUT_MS)
    expect(elsewhere.get_by_label("Name or alias contains")).to_have_value("Back 2")
    elsewhere.context.close()


def test_a_click_on_the_sky_opens_the_target(page: Page, listed: Installation) -> None:
    page.goto(f"{listed.url}/targets?view=Sky&q=Back+3")
    # the targets are the last marks that are drawn
    mark = page.locator("[data-testid='stVegaLiteChart'] .mark-symbol path").last
    mark.wait_for(timeout=TIMEOUT_MS)
    page.wait_for_load_state("networkidle")
    mark.click(force=True)
    page.get_by_role("heading", name="Back 3").wait_for(timeout=TIMEOUT_MS)
