"""What a browser holds against a page, and the few things of it that nobody here can mend."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from tests.e2e.installation import TIMEOUT_MS

GRAVE = ("moderate", "serious", "critical")
_BRUSH = (
    "Vega draws the rectangles of a brush itself, in layers of their own: Vega-Lite passes them neither aria "
    "nor a description, and no other property of a specification reaches them"
)
# (rule, selector as axe writes it) -> why it stays
EXCUSED = {("svg-img-alt", ".brush_brush"): _BRUSH, ("svg-img-alt", ".brush_brush_bg"): _BRUSH}


_IS_STILL = """
() => document.querySelector('.stApp').dataset.testScriptState === 'notRunning'
  && !document.querySelector('[data-stale="true"]')
"""


def quiet_window(browser: Browser, size: ViewportSize) -> Page:
    """Open a light window without cookies for somebody who asked that nothing move: colours turn at once."""
    context = browser.new_context(viewport=size, color_scheme="light", reduced_motion="reduce")
    context.set_default_timeout(TIMEOUT_MS)
    return context.new_page()


def settle(page: Page) -> None:
    """Wait until a page is drawn, and let its colours change at once from here on."""
    page.locator("h1").first.wait_for(timeout=TIMEOUT_MS)
    page.wait_for_function(_IS_STILL, timeout=TIMEOUT_MS)
    page.wait_for_load_state("networkidle")
    page.add_style_tag(content="* { transition: none !important; animation: none !important; }")


def turn(page: Page, scheme: str) -> None:
    """Turn a page light or dark."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.wait_for_function(f"getComputedStyle(document.querySelector('.stApp')).colorScheme === '{scheme}'")


def overflow_pix(page: Page) -> int:
    """Return by how much a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def errors_noted(page: Page) -> list[str]:
    """Return a list into which every error of a page's own programs goes from here on."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # on deep links Streamlit first looks for its server below the page's own address
        if message.type == "error" and "/_stcore/" not in message.location["url"]:
            errors.append(message.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", note)
    return errors


def violations(page: Page, *rules: str) -> list[str]:
    """Return what keeps people out of a page that stands still, by some rules or by all of them.

    A page that begins to be drawn anew is paled, and its contrast with it: what is found is looked for again.
    """
    found = _violations(page, rules)
    if found:
        settle(page)
        found = _violations(page, rules)
    return found


def _violations(page: Page, rules: tuple[str, ...]) -> list[str]:
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    told = Axe().run(page, options={"resultTypes": ["violations"], **only}).response
    return [
        f"{found['impact']} {found['id']} {node['target']} {node['html'][:200]}"
        for found in told["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
        if (found["id"], str(node["target"][-1])) not in EXCUSED  # a list within a component of ours
    ]
