"""`tomlake token ...`: which programs may speak for a person, what each may do, and until when."""

from typing import Annotated

import typer
from rich.table import Table
from typer.core import TyperGroup

from engine.errors import Rejected
from engine.times import datetime_of
from lake.opening import Lake
from lake.people.accounts import (
    Scope,
    User,
    find_user,
    issue_token,
    list_tokens,
    revoke_token,
    rotate_token,
)
from tomlake.commands.session import opened_lake, out


class _MakesOne(TyperGroup):
    """``tomlake token NAME`` makes a token, as it did before there were other commands."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Return what is left of the words, with ``make`` before a user name."""
        is_name = bool(args) and not args[0].startswith("-") and args[0] not in self.commands
        return super().parse_args(ctx, ["make", *args] if is_name else args)


app = typer.Typer(cls=_MakesOne, no_args_is_help=True, rich_markup_mode=None)
Username = Annotated[str, typer.Argument(help="Name to sign in with.")]
Number = Annotated[int, typer.Argument(min=1, help="Number of the token, as `token list` shows it.")]
Scopes = Annotated[
    list[Scope] | None, typer.Option("--scope", help="What it may do; repeat it for several. All without it.")
]
Days = Annotated[float | None, typer.Option(help="How long it is valid; until it is revoked without it.")]


@app.command("make")
def make(
    username: Username,
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    scopes: Scopes = None,
    days: Days = None,
) -> None:
    """Make an API token; it is shown once and stored hashed."""
    with opened_lake() as lake:
        user = _user(lake, username)
        secret = issue_token(lake.operations, user, name=name, scopes=scopes or tuple(Scope), days=days)
        out.print(secret, markup=False)


@app.command("list")
def show_all(username: Username) -> None:
    """List somebody's tokens: what each may do, when it was used last, when it ends."""
    table = Table("Number", "Begins with", "Name", "May", "Last used", "Ends")
    with opened_lake() as lake:
        for token in list_tokens(lake.operations, _user(lake, username)):
            used, ends = (
                "-" if mjd is None else f"{datetime_of(mjd):%Y-%m-%d}"
                for mjd in (token.last_used_mjd, token.expires_mjd)
            )
            table.add_row(str(token.token_id), token.prefix, token.name, ", ".join(token.scopes), used, ends)
    out.print(table, markup=False)


@app.command("rotate")
def rotate(username: Username, number: Number) -> None:
    """Print a new secret in place of a token's; the old one ends at once."""
    with opened_lake() as lake:
        out.print(rotate_token(lake.operations, _user(lake, username), number), markup=False)


@app.command("revoke")
def revoke(username: Username, number: Number) -> None:
    """End a token."""
    with opened_lake() as lake:
        if not revoke_token(lake.operations, _user(lake, username), number):
            raise Rejected(f"{username} has no token {number}: see `token list`.", code="unknown-token")
    out.print(f"Token {number} is refused from now on.", markup=False)


def _user(lake: Lake, username: str) -> User:
    user = find_user(lake.operations, username)
    if user is None:
        raise Rejected(f"Nobody is called {username}; add them with `tomlake user add`.", code="unknown-user")
    return user
