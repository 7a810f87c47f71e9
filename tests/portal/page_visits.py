"""Opening a page as a browser does, and reading what it is sent."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

import portal

SHELL = str(Path(portal.__file__).parent / "shell" / "app.py")
TIMEOUT_S = 300  # a page that hangs; a busy machine is no failure


def visit(page: str, **query: str) -> AppTest:
    """Open a page as a browser would that comes with this address."""
    at = AppTest.from_file(SHELL, default_timeout=TIMEOUT_S)
    at.query_params.update(query)
    if page == "home":
        return at.run()
    at.run()
    at.query_params.update(query)
    return at.switch_page(f"../pages/{page}.py").run()


def words(at: AppTest) -> str:
    """Return all text of a page, as it is sent to the browser."""
    kinds = (at.title, at.header, at.subheader, at.markdown, at.caption, at.text, at.warning)
    return "\n".join(str(element.value) for kind in kinds for element in kind)
