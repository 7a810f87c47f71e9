"""The first answer to a browser: Streamlit's page with a title and a description that links can show."""

from functools import cache
from html import escape
from pathlib import Path

import anyio.to_thread
import streamlit
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from engine.errors import Rejected
from lake.targets import get_target
from portal.opened import lake, settings

ABOUT = "Targets, images and light curves of the changing sky in one open lake, every observer credited."
_TITLES = {
    "": "tomlake", "targets": "Targets", "tonight": "Tonight", "upload": "Upload", "jobs": "Jobs",
    "archives": "Archives", "proposals": "New", "observatories": "Observatories", "groups": "Groups",
    "account": "Account", "sign_up": "Sign up", "set_up": "Set up", "terms": "Terms of use",
}  # fmt: skip


def front_routes() -> list[BaseRoute]:
    """Return the routes of the pages, and a short address for each target."""
    pages = [Route(f"/{path}", _page, methods=["GET"], name=path or "home") for path in _TITLES]
    short = Route("/target/{name}", _to_target, methods=["GET"])
    return [*pages, Route("/target", _target, methods=["GET"]), short]


async def _page(request: Request) -> Response:
    title = _TITLES[request.url.path.strip("/")]
    return _html(title if title == "tomlake" else f"{title} · tomlake", ABOUT, request)


async def _target(request: Request) -> Response:
    title, about = await anyio.to_thread.run_sync(_words_on, request.query_params.get("name", ""))
    return _html(title, about, request)


async def _to_target(request: Request) -> Response:
    place = request.url_for("home").include_query_params(name=request.path_params["name"])
    return RedirectResponse(f"/target?{place.query}", status_code=302)


def _words_on(name: str) -> tuple[str, str]:
    try:
        target = get_target(lake().operations, name, None)
    except Rejected:
        return "Target · tomlake", ABOUT
    kind = "" if target.classification == "Unknown" else f"{target.classification}, "
    simulated = "Simulated. " if target.simulated else ""
    return f"{target.name} · tomlake", f"{simulated}{kind}RA {target.ra_deg:.5f}, Dec {target.dec_deg:.5f}."


def _html(title: str, about: str, request: Request) -> HTMLResponse:
    address = f"{settings().public_url}{request.url.path}"
    if request.url.query:
        address += f"?{request.url.query}"
    head = (
        f"<title>{escape(title)}</title>"
        f'<meta name="description" content="{escape(about)}">'
        f'<meta property="og:title" content="{escape(title)}">'
        f'<meta property="og:description" content="{escape(about)}">'
        f'<meta property="og:url" content="{escape(address)}">'
        '<meta property="og:site_name" content="tomlake"><meta property="og:type" content="website">'
        '<link rel="icon" type="image/svg+xml" href="/assets/logo.svg">'
    )
    before, after = _streamlit_page()
    return HTMLResponse(before + head + after, headers={"Cache-Control": "no-cache"})


@cache
def _streamlit_page() -> tuple[str, str]:
    """Return what stands before and after the title in the page that ships with Streamlit."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    before, _, after = page.partition("<title>Streamlit</title>")
    return before, after
