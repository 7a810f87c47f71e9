"""From asking for an account to signing in with a second factor, as a person does it."""

import datetime as dt

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.installation import PASSWORD, TIMEOUT_MS, Installation, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


def test_somebody_signs_up_is_approved_and_signs_in_with_a_second_factor(
    page: Page, browser: Browser, installation: Installation
) -> None:
    page.goto(f"{installation.url}/account")
    page.get_by_role("link", name="Sign up").click()
    page.get_by_role("heading", name="Sign up").wait_for(timeout=TIMEOUT_MS)
    page.get_by_label("User name").fill("william")
    page.get_by_role("textbox", name="Full name").fill("William Herschel")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Ask for an account").click()
    page.get_by_text("Staff look at every request").wait_for(timeout=TIMEOUT_MS)
    staff = browser.new_context().new_page()
    sign_in(staff, installation)
    staff.goto(f"{installation.url}/admin")
    staff.get_by_role("heading", name="william").wait_for(timeout=TIMEOUT_MS)
    staff.get_by_role("button", name="Approve").click()
    staff.get_by_text("william has an account.").wait_for(timeout=TIMEOUT_MS)
    staff.context.close()

    give_password(page, installation)
    page.get_by_role("heading", name="William Herschel").wait_for(timeout=TIMEOUT_MS)
    guard = page.get_by_test_id("stForm").filter(has_text="Set up a second factor")
    guard.get_by_label("Your password").fill(PASSWORD)
    guard.get_by_role("button", name="Set up a second factor").click()
    page.get_by_label("Code", exact=True).wait_for(timeout=TIMEOUT_MS)
    expect(page.locator("img[src^='data:image/svg'], img[src*='media']").last).to_be_visible()
    secret = page.get_by_test_id("stCode").last.inner_text().strip()
    device = pyotp.TOTP(secret)
    page.get_by_label("Code", exact=True).fill(device.now())
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("shown only this once").first.wait_for(timeout=TIMEOUT_MS)

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for(timeout=TIMEOUT_MS)
    give_password(page, installation)
    code = page.get_by_label("Code")
    code.wait_for(timeout=TIMEOUT_MS)
    code.fill(device.at(dt.datetime.now(dt.UTC), counter_offset=1))  # the one before was used
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="William Herschel").wait_for(timeout=TIMEOUT_MS)
    page.get_by_text("10 recovery codes left").wait_for(timeout=TIMEOUT_MS)


def give_password(page: Page, installation: Installation) -> None:
    page.goto(f"{installation.url}/account")
    page.get_by_label("User name").fill("william")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
