"""What a rule of the permission matrix says of a function, and what the function is asked with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared_lake import Shared
from shared_things import EVERYBODY, Thing

from lake.inbox.uploads import Upload, upload
from lake.people.accounts import User
from lake.rights import SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A function is asked for a person, of one thing or of none."""

    user: User | None
    shared: Shared
    thing: Thing

    @property
    def someone(self) -> User:
        """Return the person where one must be signed in."""
        assert self.user is not None
        return self.user

    @property
    def target_id(self) -> int:
        """Return the number of the thing's target."""
        return self.thing.target.target_id or 0

    @property
    def sent(self) -> Upload:
        """Return the thing's frame as its sender knows it."""
        return upload(self.shared.lake.operations, self.thing.upload_id, SYSTEM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tells:
    """A function that tells something: how it is asked, and what those must learn who may."""

    ask: Callable[[Asked], object]
    of: tuple[str, ...] = ()  # it is asked of each of these things; none: once
    must: tuple[str, ...] = ()
    who: frozenset[str] = EVERYBODY  # of those who may see a thing, these learn of it
    never: frozenset[str] = frozenset()  # what it tells to nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A function that tells how many there are of what a person may see."""

    ask: Callable[[Asked], int]
    of: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """A part of a page: ``test_pages_of_visitors`` opens the page for everybody."""

    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Somebody asks a function to change something."""

    user: User
    shared: Shared
    given: Any = None  # what the rule prepared


def nothing(_shared: Shared) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """A function that changes what is not the person's alone: whoever is not in ``who`` leaves no trace."""

    ask: Callable[[Deed], object]
    who: frozenset[str]
    prepare: Callable[[Shared], Any] = nothing  # what it is asked with, made anew


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesOwn:
    """A function that changes what is the person's own: nothing of anybody else may differ afterwards."""

    ask: Callable[[Deed], object]
