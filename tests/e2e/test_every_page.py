"""Every page of a full portal, on a desk and on a phone, light and dark: nothing sticks out or breaks."""

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

PAGES = {
    "home": "/",
    "targets": "/targets",
    "targets on cards": "/targets?view=Cards",
    "targets on the sky": "/targets?view=Sky&q=Sim",
    "target": "/target?name=Sim26dkv",
    "tonight": "/tonight",
    "proposals": "/proposals",
    "archives": "/archives",
    "observatories": "/observatories",
    "camera": "/camera?camera=SimObs_Cam1",
    "frame": "/frame?frame=u1",
    "upload": "/upload",
    "jobs": "/jobs",
    "groups": "/groups",
    "account": "/account",
    "sign_up": "/sign_up",
}


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_every_page_fits_its_window(browser: Browser, demo: Installation, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: note_errors(message, errors))
    for name, path in PAGES.items():
        page.goto(demo.url + path)
        page.locator("h1").first.wait_for(timeout=30_000)
        page.wait_for_load_state("networkidle")
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{name} is {overflow} pixels too wide"
        assert page.get_by_text("Traceback").count() == 0
    context.close()
    assert not errors


def note_errors(message: ConsoleMessage, errors: list[str]) -> None:
    # on deep links Streamlit first looks for its server below the page's own address
    if message.type == "error" and "/_stcore/" not in message.location["url"]:
        errors.append(message.text)


def test_simulated_data_say_so_on_every_page_that_shows_them(page: Page, demo: Installation) -> None:
    for path in ("/", "/targets", "/target?name=Sim26dkv"):
        page.goto(demo.url + path)
        page.locator("h1").first.wait_for(timeout=30_000)
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
