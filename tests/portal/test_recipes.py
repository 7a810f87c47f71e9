"""The recipes of docs/develop.md, followed to the letter in a copy of the portal."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from page_lakes import REAL_NAME

import portal
from lake.opening import Lake

PORTAL = Path(portal.__file__).resolve().parent
RECIPES = PORTAL.parent / "docs" / "develop.md"
LOOK = """
import sys
from streamlit.testing.v1 import AppTest
import portal
from lake.settings import read_settings
from portal import opened
shell, page, query = sys.argv[1:]
assert shell.startswith(portal.__path__[0]), portal.__path__
opened.use(read_settings())
at = AppTest.from_file(shell, default_timeout=60)
at.query_params.update(dict(word.split("=") for word in query.split("&") if word))
at.run()
at.query_params.update(dict(word.split("=") for word in query.split("&") if word))
at.switch_page(f"../pages/{page}.py").run()
if query:
    at.session_state["target_tab"] = next(tab.label for tab in at.tabs if "Extremes" in tab.label)
    at.run()
assert not at.exception, at.exception
print([*(each.value for each in at.title), *(each.label for each in at.metric), len(at.dataframe)])
"""


def recipe(heading: str) -> tuple[str, str, str]:
    """Return the name of the file that a recipe makes, its text, and its line."""
    told = RECIPES.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    code, line = re.findall(r"```(?:python|text)\n(.*?)```", told, re.DOTALL)
    return re.findall(r"Write `portal/(\S+)`", told)[0], code, line


def after_the_last_line(text: str, table: str, line: str) -> str:
    """Return a module with a line at the end of a table."""
    before, rest = text.split(f"{table} = (\n")
    inside, after = rest.split("\n)\n", 1)
    return f"{before}{table} = (\n{inside}\n{line})\n{after}"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the portal, which is imported instead of it."""
    return Path(shutil.copytree(PORTAL, tmp_path / "portal", ignore=shutil.ignore_patterns("__pycache__")))


def seen(copied: Path, lake: Lake, page: str, query: str) -> str:
    program = [sys.executable, "-W", "ignore", "-c", LOOK, str(copied / "shell" / "app.py"), page, query]
    environment = {
        "PYTHONPATH": f"{copied.parent}:{PORTAL.parent}",
        "TOMLAKE_DATA": str(lake.settings.data_dir),
        "HOME": str(copied.parent),
    }
    done = subprocess.run(
        program, cwd=copied.parent, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_page_is_one_file_and_one_line(copied: Path, full_lake: Lake) -> None:
    name, code, line = recipe("A page")
    (copied / name).write_text(code)
    menu = copied / "shell" / "menu.py"
    menu.write_text(after_the_last_line(menu.read_text(), "MENU", line))
    assert seen(copied, full_lake, "brightest", "").strip() == "['Brightest', 1]"


def test_a_part_of_a_targets_page_is_one_file_and_one_line(copied: Path, full_lake: Lake) -> None:
    name, code, line = recipe("A part of a target's page")
    (copied / name).write_text(code)
    tabs = copied / "target_tabs" / "__init__.py"
    text = after_the_last_line(tabs.read_text(), "TABS", line)
    tabs.write_text(
        text.replace(
            "from portal.target_tabs.frames",
            f"from portal.{name[:-3].replace('/', '.')} import extremes_tab\nfrom portal.target_tabs.frames",
        )
    )
    told = seen(copied, full_lake, "target", f"name={REAL_NAME}")
    assert "'Brightest', 'Faintest'" in told
