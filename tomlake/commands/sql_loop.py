"""The shell of `tomlake sql`: statements over several lines, dot commands, and Ctrl-C for one statement."""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import TextIO

from engine.errors import Rejected, TomlakeError
from lake.sandbox.sources import Source, is_complete
from tomlake.commands.session import out
from tomlake.commands.sql_answers import Mode, show_answer

try:
    import readline
except ImportError:  # a Python built without it: lines can still be typed
    readline = None  # type: ignore[assignment]

LEAVING = frozenset({".quit", ".exit"})
PROMPT, MORE = "tomlake> ", "    ...> "
HISTORY_LINES = 1000
LOOK_S = 0.1
HELP = """\
A statement ends with ; and may take several lines. Ctrl-C ends the statement that runs, Ctrl-D the shell.
.tables            the tables
.schema TABLE      the columns of a table
.as_of WHAT        look at a version: name, number or date; nothing: the newest
.mode table|csv    how rows are shown
.help  .quit
"""


class Shell:
    """Asks one source, line by line."""

    def __init__(self, source: Source, *, mode: Mode, into: TextIO) -> None:
        self._source, self._mode, self._into = source, mode, into
        self._commands: dict[str, Callable[[str], None]] = {
            ".tables": self._tables,
            ".schema": self._schema,
            ".as_of": self._as_of,
            ".mode": self._set_mode,
            ".help": lambda _rest: out.print(HELP, end=""),
        }

    def run(self, text: str) -> None:
        """Show the answers to statements; Ctrl-C ends them and is passed on.

        Raises
        ------
        Rejected
            What the source refuses.
        """
        with (  # DuckDB looks at no signal while it works
            _noted_interrupts() as interrupted,
            ThreadPoolExecutor(1) as asking,
        ):
            work = asking.submit(self._show, text)
            while not work.done():
                if interrupted.is_set():
                    self._source.cancel()  # again and again: one before the statement has begun is lost
                wait([work], timeout=LOOK_S)  # whoever waits without an end hears of no signal
        if interrupted.is_set():
            raise KeyboardInterrupt
        work.result()

    def script(self, lines: Iterable[str]) -> None:
        """Run what a file or another program says, up to the first refusal."""
        begun = _Begun()
        for line in lines:
            text = begun.add(line)
            if text in LEAVING:
                return
            if text:
                self._line(text)
        if begun.text:
            self._line(begun.take())

    def talk(self, history: Path) -> None:
        """Ask a person until they leave; a refusal is told and the shell goes on."""
        _read_history(history)
        out.print("The lake, for reading only. .help tells more; a statement ends with ;")
        try:
            for text in _typed(_Begun()):
                self._line_or_reason(text)
        finally:
            _write_history(history)

    def _line_or_reason(self, text: str) -> None:
        try:
            self._line(text)
        except TomlakeError as error:
            out.print(error.reason, style="red", markup=False)
        except KeyboardInterrupt:
            out.print("Cancelled.")

    def _line(self, text: str) -> None:
        word, _, rest = text.strip().rstrip(";").partition(" ")
        if not word.startswith("."):
            self.run(text)
        elif word in self._commands:
            self._commands[word](rest.strip())
        else:
            raise Rejected(f"There is no command {word:.40}; .help lists them.", code="unknown-command")

    def _show(self, text: str) -> None:
        for answer in self._source.answers(text):
            show_answer(answer, self._mode, self._into)

    def _tables(self, _rest: str) -> None:
        for name in self._source.tables():
            out.print(name, markup=False)

    def _schema(self, table: str) -> None:
        columns = self._source.columns(table)
        if not columns:
            raise Rejected(f"There is no table {table:.60}; .tables lists them.", code="unknown-table")
        width = max(len(name) for name, _ in columns)
        for name, words in columns:
            out.print(f"{name:{width}}  {words}", markup=False)

    def _as_of(self, text: str) -> None:
        out.print(f"Looking at: {self._source.look_at(text)}", markup=False)

    def _set_mode(self, text: str) -> None:
        if text not in set(Mode):
            raise Rejected("The mode is table or csv.", code="bad-mode")
        self._mode = Mode(text)


@contextmanager
def _noted_interrupts() -> Iterator[Event]:
    """Note Ctrl-C instead of raising it just anywhere: while a lock is held, or before the first look."""
    noted = Event()
    before = signal.signal(signal.SIGINT, lambda *_: noted.set())
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


class _Begun:
    """What was typed of a statement that is not complete yet."""

    def __init__(self) -> None:
        self.text = ""

    def add(self, line: str) -> str:
        """Return the dot command or the whole statement that ends with this line, or nothing yet."""
        if not self.text and line.lstrip().startswith("."):
            return line.strip()
        self.text += line.rstrip("\n") + "\n"
        if not self.text.strip():
            self.text = ""
        return self.take() if is_complete(self.text) else ""

    def take(self) -> str:
        """Return what there is, and forget it."""
        text, self.text = self.text, ""
        return text


def _typed(begun: _Begun) -> Iterator[str]:
    """Give what a person types, complete statement by complete statement; Ctrl-C forgets a begun one."""
    while True:
        try:
            text = begun.add(input(MORE if begun.text else PROMPT))
        except KeyboardInterrupt:
            begun.take()
            out.print()
        except EOFError:
            out.print()
            return
        else:
            if text in LEAVING:
                return
            if text:
                yield text


def _read_history(file: Path) -> None:
    if readline is not None:
        with suppress(OSError):
            readline.read_history_file(file)


def _write_history(file: Path) -> None:
    if readline is not None:
        readline.set_history_length(HISTORY_LINES)
        with suppress(OSError):  # a read-only disk keeps no history
            readline.write_history_file(file)
