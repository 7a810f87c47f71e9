"""One visitor who walks through the portal in one session, page by page and tab by tab."""

from collections.abc import Iterator

from page_visits import SHELL, TIMEOUT_S
from streamlit.testing.v1 import AppTest

from portal.shell.menu import MENU
from portal.target_tabs import TABS

Addresses = dict[str, dict[str, str]]  # of each page: what its address asks for


class Walk:
    """A browser tab: what it typed and chose stays from page to page, as with people."""

    def __init__(self) -> None:
        self.at = AppTest.from_file(SHELL, default_timeout=TIMEOUT_S)
        self.at.run()

    def open(self, page: str, **query: str) -> AppTest:
        """Open a page at an address."""
        self.at.query_params.clear()
        self.at.query_params.update(query)
        return self.at.switch_page(f"../pages/{page}.py").run()

    def tab(self, label: str) -> AppTest:
        """Open a part of the target's page."""
        self.at.session_state["target_tab"] = label
        return self.at.run()

    def everywhere(self, addresses: Addresses) -> Iterator[tuple[str, AppTest]]:
        """Open every page that this visitor may open, then every part of the target's page, one by one."""
        names = {info["url_pathname"] or MENU[0].name for info in self.at._registered_pages.values()}
        for entry in MENU:
            if entry.name in names:
                yield entry.name, self.open(entry.name, **addresses.get(entry.name, {}))
        if "target" in addresses:
            self.open("target", **addresses["target"])
            for tab in TABS:
                yield tab.label, self.tab(tab.label)
