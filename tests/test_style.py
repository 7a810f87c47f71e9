"""The parts of the style that a machine can hold and that ruff does not."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "lake", "jobs", "portal", "tomlake")
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 45
VAGUE_NAMES = {"utils", "helpers", "common", "manager", "service", "misc"}

FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    docstring_lines = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring_lines


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_files_and_functions_are_short_and_plainly_named(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert path.stem not in VAGUE_NAMES
    for function in functions(ast.parse(text)):
        assert lines_without_docstring(function) <= MAX_FUNCTION_LINES, function.name
        local_imports = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
        assert not local_imports, f"import inside {function.name}"


def test_only_settings_reads_the_environment() -> None:
    readers = [relative(path) for path in FILES if "os.environ" in path.read_text()]
    assert set(readers) <= {"lake/settings.py"}


def test_no_module_is_named_like_a_standard_one() -> None:
    standard = {"code", "io", "json", "queue", "time", "types", "token", "calendar", "platform", "statistics"}
    assert not [path for path in (ROOT / "portal").glob("*.py") if path.stem in standard]
