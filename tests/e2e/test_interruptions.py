"""What a person keeps when the server restarts below an open page, and when a session ends below a form."""

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.e2e.installation import TIMEOUT_MS, Installation, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

NAME = "Half typed 1"


@pytest.fixture
def form(page: Page, demo: Installation) -> Page:
    """Return the list of targets, narrowed, with a half-filled form open above it."""
    sign_in(page, demo)
    page.goto(f"{demo.url}/targets")
    page.get_by_label("Name or alias contains").fill("SimRR")
    page.keyboard.press("Enter")
    page.get_by_text("1 target ·").first.wait_for(timeout=TIMEOUT_MS)
    page.get_by_role("button", name="Add a target").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(NAME)
    page.get_by_role("textbox", name="RA", exact=True).fill("12:00:00")
    return page


def test_an_open_page_survives_a_restart_with_its_filters_and_what_was_typed(
    form: Page, demo: Installation
) -> None:
    form.evaluate("window.openedBefore = true")
    demo.kill_portal()
    form.get_by_test_id("stConnectionStatus").first.wait_for(timeout=TIMEOUT_MS)
    demo.wait_until_it_answers()
    form.get_by_test_id("stConnectionStatus").first.wait_for(state="detached", timeout=TIMEOUT_MS)
    expect(form.get_by_label("Name or alias contains")).to_have_value("SimRR")
    assert "q=SimRR" in form.url
    expect(form.get_by_role("textbox", name="Name", exact=True)).to_have_value(NAME)
    form.get_by_role("textbox", name="Dec", exact=True).fill("-60:00:00")
    form.get_by_role("button", name="Add target").click()
    form.get_by_role("heading", name=NAME).wait_for(timeout=TIMEOUT_MS)
    assert form.evaluate("window.openedBefore")  # nobody had to load the page again


def test_a_session_that_ended_below_a_form_is_told_and_stores_nothing(form: Page, demo: Installation) -> None:
    demo.command("user", "password", "caroline")  # the same one anew: every session of hers ends
    form.get_by_role("textbox", name="Name", exact=True).fill("Never stored 1")
    form.get_by_role("textbox", name="Dec", exact=True).fill("-60:00:00")
    form.get_by_role("button", name="Add target").click()
    form.get_by_text("You are signed out").wait_for(timeout=TIMEOUT_MS)
    answer = requests.get(f"{demo.url}/api/v1/targets/Never stored 1", timeout=30)
    assert answer.status_code == 404
    with form.context.expect_page() as opened:
        form.get_by_role("link", name="Sign in in another tab").click()
    opened.value.get_by_role("heading", name="Sign in").wait_for(timeout=TIMEOUT_MS)
    sign_in(form, demo)
    assert form.get_by_text("You are signed out").count() == 0
