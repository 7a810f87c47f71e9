"""An Http that answers from bytes: what tests give to code that asks archives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Unpack

from engine.brokers.protocol import GetWords, PostWords, Words
from engine.errors import Rejected

Answer = bytes | Exception


@dataclass(kw_only=True)
class RecordedHttp:
    """Answers each question with the first answer whose key is a part of it; an unknown one is not found.

    A list of answers is given one after the other, the last one again and again.
    """

    answers: Mapping[str, Answer | list[Answer]]
    questions: list[str] = field(default_factory=list)  # address, words, JSON, headers
    secrets: Mapping[str, str] = field(default_factory=dict)

    def get(self, url: str, **asked: Unpack[GetWords]) -> bytes:
        return self._answer(url, asked.get("params") or {}, asked)

    def post(self, url: str, **asked: Unpack[PostWords]) -> bytes:
        return self._answer(url, asked.get("form") or {}, asked)

    def secret(self, name: str) -> str:
        if name not in self.secrets:
            raise Rejected(f"There is no {name}.", code="needs-account")
        return self.secrets[name]

    def _answer(self, url: str, words: Words, asked: GetWords | PostWords) -> bytes:
        said = [f"{key}={value}" for key, value in words.items()]
        said += [dumps(asked["json"])] if asked.get("json") is not None else []
        said += [f"{key}: {value}" for key, value in (asked.get("headers") or {}).items()]
        question = " ".join([url, *said])
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
