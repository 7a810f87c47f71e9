"""The `tomlake` command: one face for those who run it, observe with it and look things up in it."""

import logging
import sys

import typer
from rich.console import Console
from rich.logging import RichHandler

from engine.errors import TomlakeError, Transient
from tomlake.menu import Menu

EXIT_FAILED = 1
EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h

app = typer.Typer(
    name="tomlake",
    cls=Menu,
    help="Target and observation manager for time-domain astronomy.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Tell what happens, line by line."),
) -> None:
    """Set up the log before any command."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(name)s: %(message)s",
        handlers=[RichHandler(console=Console(stderr=True), show_path=False)],
    )


def run() -> None:
    """Run the command line; a failure that a person can read is one sentence and an exit code."""
    try:
        app()
    except TomlakeError as error:
        Console(stderr=True, soft_wrap=True).print(error.reason, style="red", markup=False, highlight=False)
        sys.exit(EXIT_TRY_AGAIN if isinstance(error, Transient) else EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
