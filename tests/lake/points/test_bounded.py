"""A memory bounded in bytes: it gives what was made, makes little twice, and never holds more than it may."""

from hypothesis import given
from hypothesis import strategies as st

from lake.points.bounded import Bounded, kept_within


@given(
    asked=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=80),
    most_bytes=st.integers(0, 100),
)
def test_the_newest_that_fit_are_kept_and_never_more(asked: list[tuple[int, int]], most_bytes: int) -> None:
    kept: Bounded[int] = Bounded(most_bytes=most_bytes)
    sizes: dict[int, int] = {}
    for key, size_bytes in asked:
        kept.put(key, size_bytes, size_bytes=size_bytes)
        sizes.pop(key, None)
        sizes[key] = size_bytes
        assert kept.size_bytes <= most_bytes
        assert kept.get(key) == (size_bytes if size_bytes <= most_bytes else None)
    for key, size_bytes in sizes.items():
        assert kept.get(key) in (None, size_bytes)


@given(asked=st.lists(st.integers(0, 5), max_size=60))
def test_a_function_that_remembers_answers_as_before(asked: list[int]) -> None:
    made: list[int] = []

    @kept_within(30, lambda text: len(text or ""))
    def digits(number: int, *, times: int) -> str | None:
        """Return digits."""
        made.append(number)
        return str(number) * times if number else None

    for number in asked:
        assert digits(number, times=5) == (f"{number}" * 5 if number else None)
    assert digits.__doc__ == "Return digits."
    assert all(made.count(number) == 1 for number in set(asked) - {0})  # five of five bytes fit
    assert made.count(0) == asked.count(0)  # None is not remembered


def test_a_large_answer_is_given_and_not_kept() -> None:
    made: list[int] = []

    @kept_within(30, len)
    def letters(count: int) -> str:
        made.append(count)
        return "x" * count

    assert [len(letters(count)) for count in (10, 31, 10, 31)] == [10, 31, 10, 31]
    assert made == [10, 31, 31]
