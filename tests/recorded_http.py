"""An Http that answers from bytes: what tests give to code that asks archives."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import Rejected

Answer = bytes | Exception


@dataclass(kw_only=True)
class RecordedHttp:
    """Answers each question with the first answer whose key is a part of it; an unknown one is not found.

    A list of answers is given one after the other, the last one again and again.
    """

    answers: Mapping[str, Answer | list[Answer]]
    questions: list[str] = field(default_factory=list)

    def get(self, url: str, *, params: Mapping[str, str] | None = None, timeout_s: float = 60.0) -> bytes:  # noqa: ARG002
        return self._answer(url, params or {})

    def post(self, url: str, *, form: Mapping[str, str], timeout_s: float = 60.0) -> bytes:  # noqa: ARG002
        return self._answer(url, form)

    def _answer(self, url: str, words: Mapping[str, str]) -> bytes:
        question = " ".join([url, *(f"{key}={value}" for key, value in words.items())])
        earlier = self.questions.copy()
        self.questions.append(question)
        for key, answer in self.answers.items():
            if key in question:
                turn = sum(key in each for each in earlier)
                given = answer[min(turn, len(answer) - 1)] if isinstance(answer, list) else answer
                if isinstance(given, Exception):
                    raise given
                return given
        raise Rejected(f"There is no {url}.", code="not-found")
