"""The web program as one ASGI application: pages, API, downloads and sessions on one port."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from portal import opened
from portal.api.app import api_routes, build_api
from portal.links.front import front_routes
from portal.security.headers import SecurityHeaders
from portal.security.hosts import HostCheck, names_of
from portal.warm import warm_up

HERE = Path(__file__).resolve().parent
logger = logging.getLogger(__name__)


def build_app() -> st.App:
    """Return the application over the lake that :mod:`portal.opened` names."""
    return st.App(
        HERE / "shell" / "app.py",  # not beside pages/: Streamlit would run those without the router
        routes=[
            Mount("/assets", StaticFiles(directory=HERE / "static"), name="assets"),
            *api_routes(build_api(opened.lake, requests_per_min=opened.settings().requests_per_min)),
            *front_routes(),
        ],
        middleware=[
            # uvicorn has one of its own, which believes this machine alone
            Middleware(ProxyHeadersMiddleware, trusted_hosts=opened.settings().proxies.split(",")),
            Middleware(SecurityHeaders),
            Middleware(HostCheck, names=names_of(opened.settings())),
        ],
        lifespan=_lifespan,
    )


@asynccontextmanager
async def _lifespan(_app: st.App) -> AsyncIterator[None]:
    await anyio.to_thread.run_sync(warm_up)
    logger.warning("tomlake is ready at %s", opened.settings().public_url)
    try:
        yield
    finally:
        opened.close()
