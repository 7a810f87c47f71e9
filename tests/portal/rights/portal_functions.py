"""The functions of the portal that are told who looks: found by looking at every module, not by a list."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

import portal
from lake.people.accounts import User

# the API has a matrix of its own; pages are scripts; what guards the door knows no things
_APART = ("portal.api", "portal.security", "portal.pages.", "portal.shell.app")


def functions_for_people() -> dict[str, Callable[..., object]]:
    """Return every public function that takes a person, by its full name."""
    return {name: each for module in _modules() for name, each in _functions(module) if _takes_person(each)}


def takes_nobody(function: Callable[..., object]) -> bool:
    """Return whether a function may be asked for somebody who is not signed in."""
    return any(kind == User | None for kind in _kinds(function))


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(portal.__path__, "portal."):
        if not found.name.startswith(_APART):
            yield importlib.import_module(found.name)


def _functions(module: ModuleType) -> Iterator[tuple[str, Callable[..., object]]]:
    for name, each in vars(module).items():
        bare = inspect.unwrap(each) if callable(each) else each
        if inspect.isfunction(bare) and bare.__module__ == module.__name__ and not name.startswith("_"):
            yield f"{module.__name__}.{name}", bare


def _takes_person(function: Callable[..., object]) -> bool:
    return any(kind in (User, User | None) for kind in _kinds(function))


def _kinds(function: Callable[..., object]) -> list[object]:
    return [each.annotation for each in inspect.signature(function, eval_str=True).parameters.values()]
