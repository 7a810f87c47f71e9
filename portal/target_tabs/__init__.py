"""The parts of a target's page: a new one is a file here and a line below."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.target import Target
from lake.people.accounts import User
from portal.target_tabs.archives import archives_tab
from portal.target_tabs.cite import cite_tab
from portal.target_tabs.curve import curve_tab
from portal.target_tabs.frames import frames_tab
from portal.target_tabs.history import history_tab
from portal.target_tabs.notes import notes_tab
from portal.target_tabs.passport import passport_tab
from portal.target_tabs.period import PERIOD, period_tab
from portal.target_tabs.points import points_tab
from portal.target_tabs.sky import sky_tab
from portal.target_tabs.spectra import REDSHIFT, spectra_tab
from portal.target_tabs.tonight import tonight_tab
from portal.words import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One part of the page, which is drawn for a target and whoever looks, None for anybody."""

    label: str  # shown in the reader's language
    draw: Callable[[Target, User | None], None]
    opened_by: str = ""  # the word in an address that opens it


TABS = (
    Tab(label=marked(":material/show_chart: Light curve"), draw=curve_tab),
    Tab(label=marked(":material/cycle: Period"), draw=period_tab, opened_by=PERIOD),
    Tab(label=marked(":material/table_rows: Points"), draw=points_tab),
    Tab(label=marked(":material/explore: Sky"), draw=sky_tab),
    Tab(label=marked(":material/waves: Spectra"), draw=spectra_tab, opened_by=REDSHIFT),
    Tab(label=marked(":material/bedtime: Tonight"), draw=tonight_tab),
    Tab(label=marked(":material/photo_camera: Frames"), draw=frames_tab),
    Tab(label=marked(":material/public: Archives"), draw=archives_tab),
    Tab(label=marked(":material/badge: Passport"), draw=passport_tab, opened_by="point"),
    Tab(label=marked(":material/forum: Notes"), draw=notes_tab, opened_by="note"),
    Tab(label=marked(":material/format_quote: Cite"), draw=cite_tab),
    Tab(label=marked(":material/history: History"), draw=history_tab),
)
