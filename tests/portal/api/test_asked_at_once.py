"""Of many who ask the same at once one makes the answer, and nobody gets one of before a commit."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from engine.errors import Rejected
from lake.opening import Lake, open_lake
from lake.operations import users, writing
from lake.settings import read_settings
from portal.api.v1.quick import Answer, quickly

MANY = 8


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    opened = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path)}))
    yield opened
    opened.close()


class Maker:
    """Makes answers that are numbered, once it may."""

    def __init__(self, body: Callable[[int], Answer]) -> None:
        self.may = threading.Event()
        self.made = 0
        self._body = body

    def __call__(self) -> Answer:
        self.made += 1
        number = self.made
        assert self.may.wait(20)
        return self._body(number)


def short(number: int) -> Answer:
    return Answer(body=str(number).encode(), headers={})


def long(number: int) -> Answer:
    return Answer(body=iter([str(number).encode()]), headers={})


async def begun(lake: Lake, make: Maker, how_many: int) -> list[asyncio.Task[Answer]]:
    asking = [asyncio.create_task(quickly(lake, "same", make)) for _ in range(how_many)]
    await asyncio.sleep(0.2)
    return asking


def test_one_makes_it_for_all_even_where_the_first_goes_away(lake: Lake) -> None:
    async def ask() -> None:
        make = Maker(short)
        asking = await begun(lake, make, MANY)
        asking[0].cancel()
        make.may.set()
        answers = await asyncio.gather(*asking[1:])
        assert {each.body for each in answers} == {b"1"}
        assert make.made == 1

    asyncio.run(ask())


def test_who_asks_after_a_commit_gets_what_was_made_after_it(lake: Lake) -> None:
    async def ask() -> None:
        make = Maker(short)
        before = await begun(lake, make, 2)
        with writing(lake.operations) as connection:
            row = {"username": "eve", "username_key": "eve", "created_mjd": 60000.0}
            connection.execute(insert(users).values(row))
        after = await begun(lake, make, 2)
        make.may.set()
        assert [each.body for each in await asyncio.gather(*before, *after)] == [b"1", b"1", b"2", b"2"]

    asyncio.run(ask())


def test_a_long_answer_is_read_by_one_only(lake: Lake) -> None:
    async def ask() -> None:
        make = Maker(long)
        asking = await begun(lake, make, MANY)
        make.may.set()
        answers = await asyncio.gather(*asking)
        assert sorted(b"".join(each.body) for each in answers) == sorted(
            str(number).encode() for number in range(1, MANY + 1)
        )

    asyncio.run(ask())


def test_a_refusal_is_told_to_all_and_forgotten(lake: Lake) -> None:
    def refuse(_number: int) -> Answer:
        raise Rejected("No.", code="no")

    async def ask() -> None:
        make = Maker(refuse)
        asking = await begun(lake, make, MANY)
        make.may.set()
        told = await asyncio.gather(*asking, return_exceptions=True)
        assert all(isinstance(each, Rejected) for each in told)
        assert make.made == 1
        with pytest.raises(Rejected):
            await quickly(lake, "same", make)
        assert make.made == 2

    asyncio.run(ask())
