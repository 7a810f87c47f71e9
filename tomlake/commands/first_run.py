"""The first administrator of an installation: never with a password that anybody else could know."""

import sys

import typer

from engine.errors import Rejected
from lake.opening import Lake
from lake.people.accounts import list_users
from lake.people.first_run import ADMINISTRATOR, make_administrator, needs_administrator, set_up_key
from tomlake.commands.session import out

_QUESTION = "Password for the administrator, admin (nothing: make one in the browser)"


def ensure_administrator(lake: Lake, *, password: str = "") -> str | None:
    """Return what to tell who starts an installation that had no administrator; None where there is one.

    The password is the one given, or is asked for where somebody sits at a terminal before the very first
    start; else there is a link, good once and for a day, that only this answer holds.
    """
    if not needs_administrator(lake.operations):
        return None
    chosen = password or ("" if list_users(lake.operations) else _asked())
    while chosen:
        try:
            make_administrator(lake.operations, chosen)
            return f"Sign in as {ADMINISTRATOR} with your password."
        except Rejected as refusal:
            if not needs_administrator(lake.operations):
                return None  # another process was quicker
            if password or refusal.code != "bad-password":
                raise
            out.print(refusal.reason, markup=False)
            chosen = _asked()
    link = f"{lake.settings.public_url}/set_up?key={set_up_key(lake.operations)}"
    return f"Make the first administrator within a day, by this link that is good once: {link}"


def _asked() -> str:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    answer: str = typer.prompt(
        _QUESTION, default="", show_default=False, hide_input=True, confirmation_prompt=True
    )
    return answer
