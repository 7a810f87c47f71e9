"""The first answer to a browser: Streamlit's page with a title and a description that links can show."""

from dataclasses import dataclass
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
from portal.links.previews import HEIGHT_PX, WIDTH_PX
from portal.links.share import preview_address, share_route
from portal.opened import lake, settings
from portal.shell.menu import MENU
from portal.words import LANGUAGE_COOKIE, _, hear, language, marked

ABOUT = marked(
    "Targets, images and light curves of the changing sky in one open lake, every observer credited."
)
_TITLES = {entry.name: entry.title for entry in MENU[1:]}


def front_routes() -> list[BaseRoute]:
    """Return the routes of the pages, and a short address for each target."""
    home = Route("/", _page, methods=["GET"], name="home")
    target = Route("/target", _target, methods=["GET"])
    short = Route("/target/{name}", _to_target, methods=["GET"])
    others = [Route(f"/{name}", _page, methods=["GET"], name=name) for name in _TITLES if name != "target"]
    return [home, target, short, *others, share_route()]


async def _page(request: Request) -> Response:
    _hear(request)
    title = _TITLES.get(request.url.path.strip("/"), "")
    return _html(f"{_(title)} · tomlake" if title else "tomlake", _(ABOUT), request)


async def _target(request: Request) -> Response:
    _hear(request)
    words = await anyio.to_thread.run_sync(_words_on, request.query_params.get("name", ""))
    return _html(words.title, words.about, request, picture=words.picture)


def _hear(request: Request) -> None:
    accepted = request.headers.get("accept-language", "").split(",")
    hear([request.cookies.get(LANGUAGE_COOKIE, ""), *(each.partition(";")[0].strip() for each in accepted)])


async def _to_target(request: Request) -> Response:
    place = request.url_for("home").include_query_params(name=request.path_params["name"])
    return RedirectResponse(f"/target?{place.query}", status_code=302)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """What a link to a target shows elsewhere."""

    title: str
    about: str
    picture: str = ""


def _words_on(name: str) -> _Words:
    try:
        target = get_target(lake().operations, name, None)
    except Rejected:
        return _Words(title=f"{_('Target')} · tomlake", about=_(ABOUT))
    kind = "" if target.classification == "Unknown" else f"{target.classification}, "
    about = f"{kind}RA {target.ra_deg:.5f}, Dec {target.dec_deg:.5f}."
    return _Words(
        title=f"{target.name} · tomlake",
        about=_("Simulated. {about}", about=about) if target.simulated else about,
        picture=preview_address(target),
    )


def _html(title: str, about: str, request: Request, *, picture: str = "") -> HTMLResponse:
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
        f"{_picture_tags(picture, title)}"
        '<link rel="icon" type="image/svg+xml" href="/assets/logo.svg">'
        '<link rel="stylesheet" href="/assets/contrast.css">'
    )
    before, after = _streamlit_page()
    before = before.replace('lang="en"', f'lang="{language()}"', 1)
    return HTMLResponse(before + head + after, headers={"Cache-Control": "no-cache"})


def _picture_tags(picture: str, title: str) -> str:
    if not picture:
        return '<meta name="twitter:card" content="summary">'
    alt = _("Light curve of {target}", target=title)
    return (
        f'<meta property="og:image" content="{escape(picture)}">'
        '<meta property="og:image:type" content="image/png">'
        f'<meta property="og:image:width" content="{WIDTH_PX}">'
        f'<meta property="og:image:height" content="{HEIGHT_PX}">'
        f'<meta property="og:image:alt" content="{escape(alt)}">'
        '<meta name="twitter:card" content="summary_large_image">'
    )


@cache
def _streamlit_page() -> tuple[str, str]:
    """Return what stands before and after the title in the page that ships with Streamlit."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text()
    before, _, after = page.partition("<title>Streamlit</title>")
    return before, after
