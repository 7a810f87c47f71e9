"""Nothing private, embargoed, simulated, dry or personal reaches the public lake, in any byte of any file."""

from collections.abc import Iterator

import pytest
from installations import opened_in
from public_lakes import Aviary, Canary, add_target, everything_published, make_private, published
from sqlalchemy import true

from lake.public import selection
from lake.public.papers import public_parameters
from lake.public.versions import withdraw

PERSONAL = (
    "by", "names", "user", "comment", "frames-file", "frames-cutout_sha256", "site", "frame_stars", "maker",
)  # fmt: skip
TABLES = ("photometry", "frames", "calibrations")


@pytest.fixture(scope="module")
def aviary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aviary]:
    lake = opened_in(tmp_path_factory.mktemp("leaks") / "data")
    yield Aviary(lake)
    lake.close()


def files_with(aviary: Aviary, canary: Canary) -> list[str]:
    return [path for path, body in everything_published(aviary.lake).items() if canary.is_in(body)]


def test_no_byte_of_a_hidden_target_is_published(aviary: Aviary) -> None:
    published(aviary.lake)
    files = everything_published(aviary.lake)
    assert len(files) > 10
    for kind, canary in aviary.hidden.items():
        assert not [path for path, body in files.items() if canary.is_in(body)], kind


def test_what_is_public_is_there_but_nothing_personal(aviary: Aviary) -> None:
    published(aviary.lake)
    body = b"".join(everything_published(aviary.lake).values())
    for table in TABLES:
        assert f"canarypublic-{table}-band".encode() in body
    assert b"canarypublic-photometry-observer" in body  # people are credited
    assert b"canarypublic-acknowledgement" in body
    assert b"canarypublic-task" in body
    for word in PERSONAL:
        assert f"canarypublic-{word}".encode() not in body, word
    assert b"canarypublic.fits" not in body


def test_the_search_would_find_every_hidden_row_if_the_rule_were_off(
    aviary: Aviary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "visible_to", lambda _user: true())
    leaky = published(aviary.lake, name="leaky", with_simulated=True)
    body = b"".join(everything_published(aviary.lake).values())
    for kind in ("private", "embargoed", "simulated"):
        word = aviary.hidden[kind].word
        for trace in aviary.hidden[kind].traces():
            assert trace in body, kind
        parts = ("name", "description", "alias", "namer", "task", "acknowledgement")
        for part in (*parts, *(f"{table}-band" for table in TABLES)):
            assert f"{word}-{part}".encode() in body, part
    monkeypatch.undo()
    withdraw(aviary.lake, leaky.version.name)
    for canary in aviary.hidden.values():
        assert not files_with(aviary, canary)


def test_a_target_made_private_is_gone_from_the_next_version_and_with_the_older_ones(aviary: Aviary) -> None:
    canary = Canary("canarychanged")
    target = add_target(aviary.lake, "canarychanged-name")
    canary.fill(aviary.lake, target)
    first = published(aviary.lake)
    shown = files_with(aviary, canary)
    assert shown
    make_private(aviary.lake, target)
    second = published(aviary.lake)
    assert second.is_new
    assert set(files_with(aviary, canary)) <= set(shown)
    withdraw(aviary.lake, first.version.name)
    assert not files_with(aviary, canary)


def test_of_the_parameters_of_a_batch_only_those_on_the_list_are_published() -> None:
    assert public_parameters('{"ra_deg": 1.5, "files": ["/home/me/x"], "names": ["T"]}') == '{"ra_deg": 1.5}'
    for broken in ("", "[1]", "{", "null"):
        assert public_parameters(broken) == "{}"
