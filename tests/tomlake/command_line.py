"""Asking the `tomlake` command as a person does."""

from typer.testing import CliRunner

from engine.errors import Rejected
from tomlake.main import app

runner = CliRunner()


def said(*words: str, answer: str = "", exit_code: int = 0) -> str:
    """Return what a command prints that must end so."""
    result = runner.invoke(app, list(words), input=answer, catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    return result.output


def refusal(*words: str, answer: str = "") -> Rejected:
    """Return the refusal that a command ends with."""
    result = runner.invoke(app, list(words), input=answer)
    assert isinstance(result.exception, Rejected), result.output
    return result.exception
