"""One visitor who walks through the portal in one session, page by page and tab by tab."""

from collections.abc import Iterator
from typing import NamedTuple

from page_visits import SHELL, TIMEOUT_S
from streamlit.testing.v1 import AppTest

from portal.shell.menu import MENU
from portal.target_tabs import TABS

Addresses = dict[str, dict[str, str]]  # of each page: what its address asks for


class Place(NamedTuple):
    """A page, or a part of the target's page."""

    page: str
    tab: str = ""


class Walk:
    """A browser tab: what it typed and chose stays from page to page, as with people."""

    def __init__(self) -> None:
        self.at = AppTest.from_file(SHELL, default_timeout=TIMEOUT_S)
        self.at.run()

    def open(self, page: str, **query: str) -> AppTest:
        """Open a page at an address."""
        self.at.query_params.clear()
        self.at.query_params.update(query)
        if page not in self._names():
            self.at.run()  # the menu is told anew to whoever signed in meanwhile
        return self.at.switch_page(f"../pages/{page}.py").run()

    def _names(self) -> set[str]:
        return {info["url_pathname"] or MENU[0].name for info in self.at._registered_pages.values()}

    def tab(self, label: str) -> AppTest:
        """Open a part of the target's page."""
        self.at.session_state["target_tab"] = label
        return self.at.run()

    def places(self, addresses: Addresses) -> list[Place]:
        """Return the pages that this visitor may open, and the parts of a target where one is named."""
        pages = [Place(entry.name) for entry in MENU if entry.name in self._names()]
        return pages + [Place("target", tab.label) for tab in TABS if "target" in addresses]

    def at_place(self, place: Place, addresses: Addresses) -> AppTest:
        """Open a page, or a part of the target's page."""
        at = self.open(place.page, **addresses.get(place.page, {}))
        return self.tab(place.tab) if place.tab else at

    def everywhere(self, addresses: Addresses) -> Iterator[tuple[str, AppTest]]:
        """Open every page that this visitor may open, then every part of the target's page, one by one."""
        for place in self.places(addresses):
            # the target's page is open already when its second part comes
            is_open = place.tab and place.tab != TABS[0].label
            at = self.tab(place.tab) if is_open else self.at_place(place, addresses)
            yield place.tab or place.page, at
