"""`tomlake sql` without a statement: a script from a pipe, and a person at a terminal."""

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.errors import Rejected
from engine.target import Target
from lake.opening import open_lake
from lake.public.publish import Terms, publish
from lake.settings import read_settings
from lake.targets import create_target
from tomlake.main import app

runner = CliRunner()


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder whose lake has one target and one published version."""
    data_dir = tmp_path_factory.mktemp("shell") / "data"
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(data_dir)}))
    create_target(lake.operations, Target(name="Star", ra_deg=1.0, dec_deg=2.0), by="me")
    publish(lake, Terms(), name="paper-1", progress=lambda _words, _fraction: None)
    lake.close()
    return data_dir


@pytest.fixture(autouse=True)
def data_dir(installation: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TOMLAKE_DATA", str(installation))
    yield installation


def said(text: str, *words: str) -> str:
    result = runner.invoke(app, ["sql", *words], input=text, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_pipe_is_a_script() -> None:
    text = said(".mode csv\nSELECT 1\n AS one;\n\nSELECT 2 AS two; SELECT 'a;b' AS t;\nSELECT 4 AS last")
    assert text == "one\n1\ntwo\n2\nt\na;b\nlast\n4\n"


def test_a_script_ends_at_its_first_refusal() -> None:
    result = runner.invoke(
        app, ["sql", "--csv"], input="SELECT 1 AS a;\nDROP TABLE photometry;\nSELECT 3 AS c;"
    )
    assert isinstance(result.exception, Rejected)
    assert result.output == "a\n1\n"


def test_dot_commands_tell_what_there_is() -> None:
    text = said(".tables\n.schema batches\n.as_of 1\n.help\n.quit\nSELECT nonsense;")
    for word in ("photometry", "raw_sha256", "Looking at: version 1", ".mode table|csv"):
        assert word in text


@pytest.mark.parametrize(
    ("line", "code"),
    [(".nonsense", "unknown-command"), (".schema nothing", "unknown-table"), (".mode loud", "bad-mode")],
)
def test_a_wrong_dot_command_is_told(line: str, code: str) -> None:
    refused = runner.invoke(app, ["sql"], input=line).exception
    assert isinstance(refused, Rejected)
    assert refused.code == code


def test_a_table_shows_the_first_rows_and_counts_the_rest() -> None:
    text = said("", "SELECT * FROM range(45)")
    assert "45 rows, 5 not shown: use --csv or .mode csv · newest version" in text
    assert "[x]" in said("", "SELECT '[x]' AS t")


def test_a_published_version_is_asked_as_the_public_asks_it() -> None:
    text = said("", "SELECT name FROM targets", "--published", "paper-1")
    assert "Star" in text
    assert "1 row · paper-1 (lake version" in text
    listed = said(".tables\n.schema photometry\n", "--published", "latest")
    assert "citations" in listed
    assert re.search(r"mjd +DOUBLE d", listed)
    for words in (
        ["SELECT * FROM read_text('/etc/passwd')", "--published", "latest"],
        ["SELECT 1", "--published", "no"],
    ):
        assert isinstance(runner.invoke(app, ["sql", *words]).exception, Rejected)
    both = runner.invoke(app, ["sql", "SELECT 1", "--published", "latest", "--as-of", "1"]).exception
    assert isinstance(both, Rejected)


class Terminal:
    """A person before `tomlake sql`."""

    def __init__(self, data_dir: Path) -> None:
        self.handle, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tomlake.main", "sql"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "TERM": "dumb", "TOMLAKE_DATA": str(data_dir)},
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def wait_for(self, words: str, *, within_s: float = 120.0) -> None:
        deadline_s = time.monotonic() + within_s
        os.set_blocking(self.handle, False)
        while words not in self.seen:
            assert time.monotonic() < deadline_s, self.seen
            try:
                self.seen += os.read(self.handle, 4096).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.02)
        self.seen = self.seen.partition(words)[2]

    def types(self, text: str) -> None:
        os.write(self.handle, text.encode())

    def wait_for_work(self, cpu_s: float) -> None:
        """Wait until the shell has used so much processor time: then it is in the middle of a statement."""
        begun_s, deadline_s = self._cpu_s(), time.monotonic() + 60.0
        while self._cpu_s() < begun_s + cpu_s:
            assert time.monotonic() < deadline_s, self.seen
            time.sleep(0.02)

    def _cpu_s(self) -> float:
        numbers = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def test_ctrl_c_ends_the_statement_and_not_the_shell(data_dir: Path) -> None:
    terminal = Terminal(data_dir)
    try:
        terminal.wait_for("tomlake> ")
        terminal.types("SELECT count(*) FROM range(100000000000) t(i)\n")
        terminal.wait_for("...> ")
        terminal.types("WHERE sin(cos(tan(i))) > 2;\n")
        terminal.wait_for_work(0.5)
        terminal.process.send_signal(2)
        terminal.wait_for("Cancelled.")
        terminal.types("SELECT 41 + 1 AS answer;\n")
        terminal.wait_for("42")
        terminal.types("DROP TABLE photometry;\n")
        terminal.wait_for("open for reading")
        terminal.types(".quit\n")
        assert terminal.process.wait(10) == 0
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.handle)
