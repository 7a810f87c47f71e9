"""The way of most visitors on a phone: from the first page to a light curve and its next night."""

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.installation import TIMEOUT_MS, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

# Streamlit asks the name of the browser before it closes its menu behind whoever chose a page
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36"
NAME = "Sim26dkv"


def overflow_px(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


def test_a_phone_leads_from_the_first_page_to_a_light_curve_and_its_night(
    browser: Browser, demo: Installation
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, user_agent=PHONE
    )
    page = context.new_page()
    page.goto(demo.url)
    page.get_by_role("heading", name="What the sky is doing now").wait_for(timeout=TIMEOUT_MS)
    page.get_by_test_id("stExpandSidebarButton").tap()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Targets").tap()
    page.get_by_role("heading", name="Targets").wait_for(timeout=TIMEOUT_MS)
    page.get_by_label("Name or alias contains").fill(NAME)
    page.keyboard.press("Enter")
    page.get_by_text("1 target ·").first.wait_for(timeout=TIMEOUT_MS)
    page.get_by_text("Cards", exact=True).tap()
    page.get_by_role("link", name=NAME).first.tap()
    page.get_by_role("heading", name=NAME).wait_for(timeout=TIMEOUT_MS)
    chart = page.locator('[data-testid="stVegaLiteChart"] svg').first
    chart.wait_for(timeout=TIMEOUT_MS)
    box = chart.bounding_box()
    assert box is not None
    assert 250 < box["width"] <= 390
    assert box["x"] + box["width"] <= 390
    assert overflow_px(page) <= 0
    page.get_by_role("tab", name="Tonight").tap()
    night = page.get_by_role("tabpanel", name="Tonight").locator('[data-testid="stVegaLiteChart"] svg')
    night.first.wait_for(timeout=TIMEOUT_MS)
    assert overflow_px(page) <= 0
    page.get_by_role("button", name="Upload frames").tap()
    page.get_by_text("Sign in to upload").wait_for(timeout=TIMEOUT_MS)
    context.close()
