"""Every page and part of a target, light, dark and on a phone: nobody is kept out, nothing sticks out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from portal.shell.menu import MENU
from portal.target_tabs import TABS
from tests.e2e.accessibility import errors_noted, overflow_pix, quiet_window, settle, turn, violations
from tests.e2e.installation import TIMEOUT_MS, Installation, sign_in

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

ASKS = {"target": "?name=Sim26dkv", "camera": "?camera=SimObs_Cam1", "frame": "?frame=u1"}
PAGES = {entry.name: f"/{entry.name}{ASKS.get(entry.name, '')}" for entry in MENU[1:]} | {
    "home": "/",
    "targets on cards": "/targets?view=Cards",
    "targets on the sky": "/targets?view=Sky",
    "upload of a target": "/upload?target=Sim26dkv",
}
# Streamlit's word for a page that is not in the menu of whoever asks
NOT_FOR_VISITORS = "The page that you have requested does not seem to exist. Running the app's main page."
DESK, PHONE = ViewportSize(width=1440, height=1000), ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def staff(browser: Browser, published: Installation) -> Iterator[Page]:
    """Return a window in which staff are signed in."""
    page = quiet_window(browser, DESK)
    sign_in(page, published)
    errors = errors_noted(page)
    yield page
    page.context.close()
    assert not errors


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[Page]:
    """Return a window without cookies."""
    page = quiet_window(browser, DESK)
    errors = errors_noted(page)
    yield page
    page.context.close()
    assert errors in ([], [NOT_FOR_VISITORS])  # one page is for staff alone


@pytest.mark.parametrize("name", PAGES)
def test_no_page_keeps_staff_out(name: str, staff: Page, published: Installation) -> None:
    staff.set_viewport_size(DESK)
    staff.goto(published.url + PAGES[name])
    settle(staff)
    turn(staff, "light")
    assert not violations(staff)
    turn(staff, "dark")
    assert not violations(staff, "color-contrast")
    assert overflow_pix(staff) <= 0
    staff.set_viewport_size(PHONE)
    assert not violations(staff)
    assert overflow_pix(staff) <= 0


@pytest.mark.parametrize("name", PAGES)
def test_no_page_keeps_visitors_out(name: str, visitor: Page, published: Installation) -> None:
    visitor.set_viewport_size(DESK)
    visitor.goto(published.url + PAGES[name])
    settle(visitor)
    assert not violations(visitor)
    assert overflow_pix(visitor) <= 0
    visitor.set_viewport_size(PHONE)
    assert overflow_pix(visitor) <= 0
    assert visitor.get_by_text("Traceback").count() == 0


@pytest.mark.parametrize("label", [tab.label.split(": ")[1] for tab in TABS])
def test_no_part_of_a_target_keeps_people_out(label: str, staff: Page, published: Installation) -> None:
    staff.set_viewport_size(DESK)
    if "name=Sim26dkv" not in staff.url:
        staff.goto(published.url + PAGES["target"])
    staff.get_by_role("tab", name=label).click(timeout=TIMEOUT_MS)
    part = staff.get_by_role("tabpanel", name=label)
    part.locator(".stElementContainer").first.wait_for(timeout=TIMEOUT_MS)
    settle(staff)
    turn(staff, "light")
    assert not violations(staff)
    turn(staff, "dark")
    assert not violations(staff, "color-contrast")
