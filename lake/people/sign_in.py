"""What is asked for at the door after the password: the terms of use, and the second factor."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Engine

from lake.people.person import User
from lake.people.second_factor import has_second_factor, takes_code
from lake.people.terms import accept_terms, current_terms, has_accepted
from lake.settings import Settings


class Lacks(StrEnum):
    """What is missing still, of somebody whose password was right."""

    NOTHING = ""
    TERMS = "terms"
    CODE = "code"
    RIGHT_CODE = "right code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What somebody gives at the door."""

    username: str
    password: str
    code: str = ""
    terms: str = ""  # the version that they accept


def what_lacks(operations: Engine, settings: Settings, user: User, given: Given) -> Lacks:
    """Return what is missing before somebody with the right password may come in.

    A code is used up only where nothing else is missing, and terms are accepted only by who comes in.
    """
    terms = current_terms(settings)
    is_new = terms is not None and not has_accepted(operations, user, terms)
    if terms is not None and is_new and given.terms != terms.version:
        return Lacks.TERMS
    if has_second_factor(operations, user):
        if not given.code.strip():
            return Lacks.CODE
        if not takes_code(operations, user, given.code):
            return Lacks.RIGHT_CODE
    if terms is not None and is_new:
        accept_terms(operations, user, terms)
    return Lacks.NOTHING
