"""What an archive may not have."""

import pytest
from recorded_http import RecordedHttp

from engine.brokers.asking.found import found, whole_answer
from engine.errors import Rejected, Transient


def test_what_is_not_there_is_none_and_no_failure() -> None:
    http = RecordedHttp(answers={"there": b"[1]"})
    assert found(http, "https://x/there") == whole_answer(http, "https://x/there", title="x") == b"[1]"
    assert found(http, "https://x/nowhere") is whole_answer(http, "https://x/nowhere", title="x") is None


@pytest.mark.parametrize("failure", [Rejected("no", code="refused"), Transient("no", code="archive-down")])
def test_another_failure_stays_one(failure: Exception) -> None:
    with pytest.raises(type(failure)):
        found(RecordedHttp(answers={"x": failure}), "https://x")


def test_half_an_answer_is_asked_again() -> None:
    with pytest.raises(Transient) as refusal:
        whole_answer(RecordedHttp(answers={"x": b"[1"}), "https://x", title="x")
    assert refusal.value.code == "cut-off"
