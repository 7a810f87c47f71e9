"""Starting the web program, and the first answer that a browser or a link preview gets."""

import socket
from collections.abc import Callable

import anyio
import httpx
import pytest
from page_lakes import HOSTILE_NAME, REAL_NAME, SIMULATED_NAME
from starlette.applications import Starlette
from streamlit import config

from engine.errors import Rejected
from lake.opening import Lake
from lake.settings import read_settings
from portal.asgi import HERE, build_app
from portal.links.front import front_routes
from portal.port import refuse_busy_port
from portal.serve import serve, streamlit_config
from portal.shell.menu import MENU

Browser = Callable[..., httpx.Response]


@pytest.fixture
def browse(full_lake: Lake) -> Browser:
    """Return what asks for a page as a browser's first request does."""

    async def ask(path: str, query: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(app=Starlette(routes=front_routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://portal") as client:
            return await client.get(path, params=query)

    return lambda path, **query: anyio.run(ask, path, query)


def test_a_port_in_use_is_one_sentence_that_says_what_to_change() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Rejected) as refused:
            serve(read_settings({"TOMLAKE_DATA": "/nowhere", "TOMLAKE_PORT": str(port)}))
    assert refused.value.code == "port-in-use"
    assert f"TOMLAKE_PORT={port + 1}" in refused.value.reason


def test_a_free_port_is_not_refused() -> None:
    refuse_busy_port("127.0.0.1", 0)


def test_every_option_given_to_streamlit_is_one_that_it_knows() -> None:
    options = streamlit_config(read_settings({"TOMLAKE_PORT": "9321"}))
    assert options["server.port"] == 9321
    assert options["runner.postScriptGC"] is False
    assert set(options) <= set(config._config_options_template)


def test_every_font_and_logo_that_is_named_is_there_with_its_licence() -> None:
    faces = streamlit_config(read_settings({}))["theme.fontFaces"]
    assert isinstance(faces, list)
    for face in faces:
        assert (HERE / "static" / face["url"].removeprefix("/assets/")).is_file()
    fonts = list((HERE / "static" / "fonts").glob("*.woff2"))
    assert sum(font.stat().st_size for font in fonts) < 400_000
    for family in ("inter", "jetbrains-mono", "space-grotesk"):
        licence = HERE / "static" / "fonts" / f"LICENSE-{family}.txt"
        assert "SIL Open Font License" in licence.read_text()


def test_pages_api_and_assets_share_one_application(full_lake: Lake) -> None:
    paths = {getattr(route, "path", "") for route in build_app()._user_routes}
    assert {"/assets", "/", "/targets", "/target", "/api/health", "/session/upload", "/upload/"} <= paths


def test_a_link_to_a_target_shows_its_name_class_and_that_it_is_simulated(browse: Browser) -> None:
    page = browse("/target", name=SIMULATED_NAME).text
    assert f"<title>{SIMULATED_NAME} · tomlake</title>" in page
    assert 'content="Simulated. SN, RA 10.00000' in page
    assert "static/js/index" in page  # Streamlit boots from it


def test_a_link_to_a_private_or_unknown_target_tells_nothing(browse: Browser) -> None:
    for name in ("Secret1", "nobody", '"><script>alert(1)</script>'):
        page = browse("/target", name=name).text
        assert "<title>Target · tomlake</title>" in page
        assert "<script>alert" not in page


def test_a_hostile_name_is_escaped_in_the_title(browse: Browser) -> None:
    assert "&#x27;A&#x27;" in browse("/target", name=HOSTILE_NAME).text


def test_a_target_has_a_short_address(browse: Browser) -> None:
    answer = browse(f"/target/{REAL_NAME}")
    assert (answer.status_code, answer.headers["location"]) == (302, f"/target?name={REAL_NAME}")


@pytest.mark.parametrize(
    ("path", "title"),
    [("/", "tomlake"), *((f"/{page.name}", f"{page.title} · tomlake") for page in MENU[1:])],
)
def test_a_page_has_its_title_before_any_script_runs(path: str, title: str, browse: Browser) -> None:
    answer = browse(path)
    assert f"<title>{title}</title>" in answer.text
    assert answer.headers["cache-control"] == "no-cache"
