"""What pages owe whoever comes: what is simulated says so, and the way back leads back."""

import pytest
from playwright.sync_api import Page

from tests.e2e.installation import TIMEOUT_MS, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def test_simulated_data_say_so_on_every_page_that_shows_them(page: Page, demo: Installation) -> None:
    for path in ("/", "/targets", "/target?name=Sim26dkv"):
        page.goto(demo.url + path)
        page.locator("h1").first.wait_for(timeout=TIMEOUT_MS)
        page.get_by_text("simulated", exact=False).first.wait_for()


def test_the_way_back_from_a_target_keeps_the_filters_of_the_list(page: Page, demo: Installation) -> None:
    page.goto(f"{demo.url}/targets")
    page.get_by_label("Name or alias contains").fill("SimRR")
    page.keyboard.press("Enter")
    page.get_by_text("1 target").first.wait_for()
    page.goto(f"{demo.url}/target?name=SimRR1")
    page.get_by_role("heading", name="SimRR1").wait_for()
    page.go_back()
    page.get_by_text("1 target").first.wait_for()
