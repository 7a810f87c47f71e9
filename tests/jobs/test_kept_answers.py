"""Shared files of archives are asked for once, kept for a while, and stand in when the archive is down."""

import os
import time
from pathlib import Path

import pytest
from recorded_http import RecordedHttp

from engine.errors import Transient
from jobs.kept_answers import KeptAnswers

INDEX = "https://archive.example/index.csv"
OTHER = "https://archive.example/star.csv"
DAY_S = 86400.0


def age(folder: Path, *, days: float) -> None:
    then_s = time.time() - days * DAY_S
    for path in folder.iterdir():
        os.utime(path, (then_s, then_s))


def test_an_index_is_asked_for_once(tmp_path: Path) -> None:
    http = RecordedHttp(answers={INDEX: b"a,b\n"})
    for _ in range(3):
        assert KeptAnswers(http, tmp_path, urls=[INDEX]).get(INDEX) == b"a,b\n"
    assert len(http.questions) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_everything_else_is_asked_each_time(tmp_path: Path) -> None:
    http = RecordedHttp(answers={OTHER: b"x\n", INDEX: b"a,b\n"})
    kept = KeptAnswers(http, tmp_path, urls=[INDEX])
    for _ in range(2):
        assert kept.get(OTHER) == b"x\n"
        assert kept.get(INDEX, params={"ra": "1"}) == b"a,b\n"
        assert kept.post(OTHER, form={"q": "1"}) == b"x\n"
    assert len(http.questions) == 6


def test_an_old_file_is_asked_for_again(tmp_path: Path) -> None:
    http = RecordedHttp(answers={INDEX: [b"old\n", b"new\n"]})
    kept = KeptAnswers(http, tmp_path, urls=[INDEX], keep_d=30.0)
    kept.get(INDEX)
    age(tmp_path, days=29)
    assert kept.get(INDEX) == b"old\n"
    age(tmp_path, days=31)
    assert kept.get(INDEX) == b"new\n"
    assert kept.get(INDEX) == b"new\n"
    assert len(http.questions) == 2


def test_an_old_file_stands_in_for_an_archive_that_is_down(tmp_path: Path) -> None:
    down = Transient("down", code="archive-down")
    kept = KeptAnswers(RecordedHttp(answers={INDEX: [b"old\n", down]}), tmp_path, urls=[INDEX])
    kept.get(INDEX)
    age(tmp_path, days=400)
    assert kept.get(INDEX) == b"old\n"


def test_an_archive_that_is_down_from_the_start_is_for_later(tmp_path: Path) -> None:
    http = RecordedHttp(answers={INDEX: Transient("down", code="archive-down")})
    with pytest.raises(Transient):
        KeptAnswers(http, tmp_path, urls=[INDEX]).get(INDEX)


def test_a_page_and_an_empty_file_are_not_kept(tmp_path: Path) -> None:
    http = RecordedHttp(answers={INDEX: [b"<html>maintenance</html>", b"\n", b"a,b\n"]})
    kept = KeptAnswers(http, tmp_path, urls=[INDEX])
    assert [kept.get(INDEX) for _ in range(4)] == [b"<html>maintenance</html>", b"\n", b"a,b\n", b"a,b\n"]
