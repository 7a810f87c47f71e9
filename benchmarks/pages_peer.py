"""TOM Toolkit's pages as a browser asks for them, and what its processes work for them."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.api_servers import Server

_PLOTLY = re.compile(rb"<script[^>]*>[^<]{0,200}plotly\.js v.*?</script>", re.DOTALL)
_ROW = re.compile(rb'name="share-box" value="(\d+)"')
_CLOSE = {"Connection": "close"}  # it ends idle connections after two seconds, at times while they are used
# the answer to a browser that asks for as many fields as there are points would be "too many fields"
MORE_SETTINGS = """
DATA_UPLOAD_MAX_NUMBER_FIELDS = None
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerPage:
    """What one page of the peer weighs."""

    all_bytes: int
    library_bytes: int  # of plotly.js, which stands in the page itself, once for each plot


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerForm:
    """What a person sends for a file of points: a tick for each."""

    fields: list[tuple[str, str]]
    cookie: str


def tree_cpu_s(server: Server) -> float:
    """Return the processor's time that a server and its workers have used so far."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return sum(_cpu_s(pid) for pid in (str(server.pid), *children))


def _cpu_s(pid: str) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def peer_page(client: aiohttp.ClientSession, url: str) -> PeerPage:
    """Return what a page weighs; else it fetches only scripts, styles and pictures that never change."""
    body = await _fetched(client, url)
    library_bytes = sum(len(found.group()) for found in _PLOTLY.finditer(body))
    return PeerPage(all_bytes=len(body), library_bytes=library_bytes)


async def peer_form(client: aiohttp.ClientSession, server: Server, target: int) -> PeerForm:
    """Return the form by which a person asks for all points of a target as CSV, as its page fills it."""
    # an address of numbers, whose cookies the client does not keep by itself
    async with client.get(f"{server.url}/targets/{target}/", headers=_CLOSE) as answer:
        answer.raise_for_status()
        body, cookie = await answer.read(), answer.cookies["csrftoken"].value
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', body)
    if token is None:
        raise RuntimeError("TOM Toolkit's page of a target has no form")
    rest = {"csrfmiddlewaretoken": token.group(1).decode(), "share_destination": "download"}
    rest |= {"share_title": "all", "data_type": "photometry", "submitter": "bench", "target": str(target)}
    fields = [*rest.items(), *(("share-box", each.decode()) for each in _ROW.findall(body))]
    return PeerForm(fields=fields, cookie=cookie)


async def peer_csv(client: aiohttp.ClientSession, server: Server, target: int, form: PeerForm) -> int:
    """Return the bytes of the CSV that the form brings."""
    url = f"{server.url}/dataproducts/target/{target}/share/"
    headers = {**_CLOSE, "Referer": server.url, "Cookie": f"csrftoken={form.cookie}"}
    async with client.post(url, data=form.fields, headers=headers) as answer:
        answer.raise_for_status()
        body = await answer.read()
    if answer.content_type != "text/ascii":
        raise RuntimeError(f"TOM Toolkit sent no CSV but {answer.content_type}")
    return len(body)


async def _fetched(client: aiohttp.ClientSession, url: str) -> bytes:
    async with client.get(url, headers=_CLOSE) as answer:
        answer.raise_for_status()
        return await answer.read()
