"""People who look at pages: sessions over Streamlit's websocket that run a page again and again."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.api_load import Ask, Load, ask_on, client

THINK_S = 3.0
_MOST_MESSAGE_BYTES = 1 << 28


@dataclass(slots=True, kw_only=True)
class Visits:
    """How long pages took to be run."""

    times_s: list[float] = field(default_factory=list)


def loaded_beside(
    ask: Ask, *, connections: int, time_s: float, sessions: int, page: str
) -> tuple[Load, Visits]:
    """Return what connections received while sessions ran a page, and how long the page took."""
    return asyncio.run(_loaded_beside(ask, connections, time_s, sessions, page))


async def _loaded_beside(
    ask: Ask, connections: int, time_s: float, sessions: int, page: str
) -> tuple[Load, Visits]:
    load, visits = Load(), Visits()
    address = (ask.url if isinstance(ask.url, str) else ask.url[0]).split("/", 3)
    socket_url = f"ws://{address[2]}/_stcore/stream"
    async with client() as session:
        watching = [
            asyncio.create_task(_visit(session, socket_url, page, visits, THINK_S * number / sessions))
            for number in range(sessions)
        ]
        await asyncio.sleep(2 * THINK_S)  # until all have begun
        visits.times_s.clear()
        began_s = time.perf_counter()
        asking = [
            asyncio.create_task(ask_on(session, ask.begun_at(number / connections), load))
            for number in range(connections)
        ]
        done, _ = await asyncio.wait(
            [*asking, *watching], timeout=time_s, return_when=asyncio.FIRST_EXCEPTION
        )
        load.took_s = time.perf_counter() - began_s
        for task in done:
            task.result()
        for task in [*asking, *watching]:
            task.cancel()
        await asyncio.gather(*asking, *watching, return_exceptions=True)
    return load, visits


async def _visit(session: aiohttp.ClientSession, url: str, page: str, visits: Visits, wait_s: float) -> None:
    await asyncio.sleep(wait_s)
    name, _, query = page.partition("?")
    async with session.ws_connect(url, protocols=["streamlit"], max_msg_size=_MOST_MESSAGE_BYTES) as socket:
        while True:
            began_s = time.perf_counter()
            asked = BackMsg()
            asked.rerun_script.page_name = name
            asked.rerun_script.query_string = query
            await socket.send_bytes(asked.SerializeToString())
            while True:
                told = ForwardMsg.FromString(await socket.receive_bytes())
                if told.WhichOneof("type") == "script_finished":
                    break
            visits.times_s.append(time.perf_counter() - began_s)
            await asyncio.sleep(THINK_S)
