"""The page that describes the API, in a real browser that reaches nothing else, under the content policy."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from api_server import Served
from playwright.sync_api import Page, Request, sync_playwright

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server"]


@pytest.mark.alone
def test_the_page_of_the_api_works_in_a_browser_without_network(chromium: str, served: Served) -> None:
    def visit() -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=ARGS)
            look_at(browser.new_page(viewport={"width": 390, "height": 800}), served)
            browser.close()

    with ThreadPoolExecutor(1) as beside:  # other tests keep a browser open in this thread
        beside.submit(visit).result(120)


def look_at(page: Page, served: Served) -> None:
    asked: list[str] = []
    said: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = page.goto(f"{served.url}/api/v1/docs")
    assert answer is not None
    assert "script-src" in answer.headers["content-security-policy"]
    route = page.locator("details", has_text="/api/v1/targets/{name}/light-curve/changes").first
    assert not route.locator("table").is_visible()
    route.locator("summary").click()
    assert route.get_by_text("since", exact=True).first.is_visible()
    assert route.get_by_text("a token for: read", exact=False).first.is_visible()
    style = "getComputedStyle(document.body).maxWidth"
    assert page.evaluate(style) != "none"  # the policy lets the page's own style in
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)  # on a phone as well
    assert said == []
    page.get_by_role("link", name="openapi.json").click()
    page.wait_for_url("**/api/v1/openapi.json")
    assert {url.split("/api/v1/")[0] for url in asked if "favicon" not in url} == {served.url}
