"""`tomlake watch`: a rule is added, what it found is listed, accepted or put aside."""

import command_line
import pytest

from engine.brokers.streams.protocol import candidates
from engine.errors import Rejected
from lake.opening import open_lake
from lake.proposals import store_candidates
from lake.rights import SYSTEM
from lake.settings import read_settings
from lake.watches import get_watch

pytestmark = pytest.mark.usefixtures("data_dir")


def said(*words: str) -> str:
    return " ".join(command_line.said("watch", *words).split())


def refusal(*words: str) -> Rejected:
    return command_line.refusal("watch", *words)


def find(*names: str) -> list[int]:
    """Let the watch 1 find objects of these names."""
    lake = open_lake(read_settings())
    rows = [
        {"name": name, "ra_deg": 10.0 * place, "dec_deg": 5.0, "mag": 17.5, "mjd": 61312.0}
        for place, name in enumerate(names, 1)
    ]
    numbers = store_candidates(lake.operations, get_watch(lake.operations, 1, SYSTEM), candidates(rows))
    lake.close()
    return numbers


def test_a_watch_is_added_and_listed_with_its_rule() -> None:
    told = said(
        "add", "near SN", "--stream", "fink_ztf", "--class", "SN candidate", "--brighter", "18",
        "--cone", "10", "-5", "3", "--dec-min", "-30", "--newer", "7", "--make-targets",
    )  # fmt: skip
    assert "near SN is watch 1: SN candidate, brighter than 18 mag, first seen at most 7 d ago" in told
    assert "within 3° of 10 -5" in told
    assert "near SN" in said("list")
    assert "rests" in said("rest", "near sn")
    assert "goes on" in said("rest", "1", "--no-rest")


def test_what_a_watch_found_is_listed_accepted_and_put_aside() -> None:
    said("add", "all", "--stream", "gaia_alerts")
    first, second = find("Gaia99aaa", "Gaia99aab")
    assert "2 proposals" in said("proposals")
    assert "Gaia99aaa is a target." in said("accept", str(first))
    assert "1 of 1" in said("dismiss", str(second))
    assert "0 proposals" in said("proposals")
    assert "1 proposals" in said("proposals", "--state", "accepted")
    assert refusal("accept", str(first)).code == "already-decided"
    assert refusal("dismiss", "99").code == "unknown-proposal"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("add", "x", "--stream", "nonsense"), "unknown-stream"),
        (("add", "x", "--stream", "fink_ztf"), "bad-rule"),
        (("add", "x", "--stream", "tns", "--every", "1"), "bad-interval"),
        (("run", "none"), "unknown-watch"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], code: str) -> None:
    assert refusal(*words).code == code


def test_a_stream_without_its_account_is_told_when_it_is_asked() -> None:
    said("add", "official", "--stream", "tns")
    assert refusal("run", "official").code == "needs-account"
    lake = open_lake(read_settings())
    assert get_watch(lake.operations, "official", SYSTEM).code == "needs-account"
    lake.close()


def test_a_name_that_looks_like_a_screen_code_is_listed_as_it_is() -> None:
    said("add", "[/x] [red]", "--stream", "gaia_alerts")
    assert "[/x]" in said("list")
