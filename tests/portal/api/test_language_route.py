"""Choosing a language: kept in a cookie, and the reader stays on this site."""

import httpx
import pytest

from portal.words import LANGUAGE_COOKIE


@pytest.mark.parametrize(("wanted", "shown"), [("/targets?q=a", "/targets?q=a"), ("//evil.example/", "/")])
def test_a_chosen_language_is_kept_and_the_page_comes_back(
    anybody: httpx.Client, wanted: str, shown: str
) -> None:
    answer = anybody.get("/session/language", params={"code": "en", "next": wanted})
    assert (answer.status_code, answer.headers["location"]) == (303, shown)
    assert answer.headers["set-cookie"].startswith(f"{LANGUAGE_COOKIE}=en;")
    assert "HttpOnly" in answer.headers["set-cookie"]


def test_a_language_that_is_not_spoken_is_refused(anybody: httpx.Client) -> None:
    answer = anybody.get("/session/language", params={"code": "../en", "next": "/"})
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
