"""What a link to a target shows elsewhere: of public targets and open points only."""

import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import anyio
import httpx
import numpy as np
import polars as pl
import pytest
from page_lakes import HOSTILE_NAME, PASSWORD, REAL_NAME, SIMULATED_NAME, example_points
from PIL import Image
from starlette.applications import Starlette

from engine.lightcurve import empty
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.inbox.changes import share_upload
from lake.inbox.uploads import uploads
from lake.opening import Lake
from lake.people.accounts import create_user, find_user, open_session
from lake.rights import SYSTEM, Shared
from lake.targets import create_target, delete_target, get_target
from portal.links.front import front_routes
from portal.links.previews import HEIGHT_PX, WIDTH_PX, preview_png
from portal.security.cookie import SESSION_COOKIE

Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(full_lake: Lake) -> Ask:
    async def get(path: str, session: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=Starlette(routes=front_routes()))
        cookies = {SESSION_COOKIE: session} if session else None
        async with httpx.AsyncClient(
            transport=transport, base_url="http://portal", cookies=cookies
        ) as client:
            return await client.get(path)

    return lambda path, session="": anyio.run(get, path, session)


def pixels(body: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(body)) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


@pytest.mark.parametrize("name", [REAL_NAME, SIMULATED_NAME, HOSTILE_NAME])
def test_the_page_of_a_public_target_names_a_picture_that_is_there(ask: Ask, name: str) -> None:
    page = ask(str(httpx.URL("/target", params={"name": name}))).text
    found = re.search(r'<meta property="og:image" content="https?://[^/"]+(/share/[^"<>]+\.png)">', page)
    assert found is not None
    answer = ask(found[1])
    assert answer.headers["content-type"] == "image/png"
    assert pixels(answer.content).shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert 'name="twitter:card" content="summary_large_image"' in page


@pytest.fixture
def hidden(full_lake: Lake) -> Iterator[list[str]]:
    target = Target(name="Preview embargo", ra_deg=80.0, dec_deg=5.0, embargo_until_mjd=mjd_now() + 1.0)
    create_target(full_lake.operations, target, by="maker")
    yield ["Secret1", target.name]
    made = get_target(full_lake.operations, target.name, SYSTEM)
    delete_target(full_lake.operations, made.target_id or 0, user=SYSTEM)


def test_a_hidden_target_is_as_one_that_is_not_there_even_for_who_may_see_it(
    ask: Ask, hidden: list[str], full_lake: Lake
) -> None:
    staff = find_user(full_lake.operations, "previewer") or create_user(
        full_lake.operations, "previewer", PASSWORD, full_name="P", is_staff=True
    )
    session = open_session(full_lake.operations, staff)
    never = ask("/share/No-such-target.png")
    nobody = ask("/target?name=No-such-target").text.replace("No-such-target", "")
    for name in hidden:
        for answer in (ask(f"/share/{name}.png"), ask(f"/share/{name}.png", session)):
            assert (answer.status_code, answer.content) == (404, never.content)
            assert answer.headers == never.headers
        words = str(httpx.URL("/target", params={"name": name}))
        assert ask(words).text.replace(words.partition("=")[2], "") == nobody


def test_a_point_of_a_closed_upload_is_in_no_preview(ask: Ask, full_lake: Lake) -> None:
    target = get_target(full_lake.operations, SIMULATED_NAME, SYSTEM)
    sent = list(uploads(full_lake.operations, SYSTEM, target_id=target.target_id, limit=9))
    whole = ask(f"/share/{SIMULATED_NAME}.png").content
    for each in sent:
        share_upload(
            full_lake, each.upload_id, Shared(owner="maker", visibility=Visibility.PRIVATE), user=SYSTEM
        )
    try:
        rest = ask(f"/share/{SIMULATED_NAME}.png").content
        kept = full_lake.store.light_curve(target.target_id or 0).filter(pl.col("source") != "upload")
        assert rest == preview_png(target, kept, is_simulated=True) != whole
    finally:
        for each in sent:
            share_upload(
                full_lake, each.upload_id, Shared(owner="maker", visibility=each.visibility), user=SYSTEM
            )


def test_a_preview_says_what_is_simulated_and_a_brighter_point_stands_higher() -> None:
    target = Target(name="A", ra_deg=1.0, dec_deg=2.0)
    said = pixels(preview_png(target, empty(), is_simulated=True))
    unsaid = pixels(preview_png(target, empty(), is_simulated=False))
    assert (said != unsaid).any()
    points = example_points(1).filter(pl.col("mag").is_not_null()).head(2)
    heights = []
    for brighter in (0, 1):
        mags = pl.Series("mag", [15.0, 17.0] if brighter == 0 else [17.0, 15.0])
        body = preview_png(target, points.with_columns(mags), is_simulated=False)
        first = np.argwhere(np.ptp(pixels(body)[150:540, 96:400], axis=2) > 80)  # where it is coloured
        heights.append(first[:, 0].mean())
    assert heights[0] < heights[1]


@pytest.mark.parametrize("count", [0, 1, 100_000])
def test_a_preview_is_small_and_quickly_drawn_however_many_points(count: int) -> None:
    points = empty()
    if count:
        few = example_points(1, count=9).filter(pl.col("mag").is_not_null())
        points = pl.concat([few] * (count // len(few) + 1)).head(count)
    target = replace(Target(name="x" * 100, ra_deg=1.0, dec_deg=2.0), classification="Unknown")
    began = time.process_time()
    body = preview_png(target, points, is_simulated=False)
    assert time.process_time() - began < 3.0
    assert len(body) < 300_000
