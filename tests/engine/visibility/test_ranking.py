"""What a telescope should do first, why, and how the plan leaves as files; the targets are made up."""

import re
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.visibility.depth import Depth, guessed_depth, learned_depth
from engine.visibility.horizon import Site
from engine.visibility.night import Night, day_of, night_of
from engine.visibility.plan_files import PlanFile, csv_text, escaped_text, icalendar, plain_text
from engine.visibility.ranking import WANTED_SCHEMA, ranked, reasons
from engine.visibility.windows import Limits, windows

LA_SILLA = Site(name="La Silla; Chile", longitude_deg=-70.7377, latitude_deg=-29.2567, altitude_m=2400.0)
FULL_MOON, NEW_MOON = day_of(date(2025, 10, 6)), day_of(date(2025, 10, 21))
USUAL: dict[str, object] = {
    "importance": 5.0, "cadence_d": 1.0, "since_last_d": 3.0, "last_mag": 15.0, "last_band": "V(GaiaSP)",
}  # fmt: skip
DEPTH = Depth(limit_mag=18.0, exptime_s=60.0, frames=12)


def plan_of(night: Night, *targets: dict[str, object], depth: Depth | None = DEPTH) -> pl.DataFrame:
    """Rank targets that stand at RA 0, Dec -30 where nothing else is said: near the zenith at midnight."""
    rows = [{"name": f"T{number}"} | USUAL | target for number, target in enumerate(targets)]
    wanted = pl.DataFrame([{name: row[name] for name in WANTED_SCHEMA} for row in rows], schema=WANTED_SCHEMA)
    ra_deg = np.array([float(row.get("ra_deg", 0.0)) for row in rows])  # type: ignore[arg-type]
    dec_deg = np.array([float(row.get("dec_deg", -30.0)) for row in rows])  # type: ignore[arg-type]
    offers = windows(night, ra_deg, dec_deg, limits=Limits()).table
    placed = wanted.with_columns(ra_deg=pl.Series(ra_deg), dec_deg=pl.Series(dec_deg))
    return ranked(placed, night, offers, depth)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"importance": 9.0}, {"importance": 2.0}),
        ({"since_last_d": 3.0}, {"since_last_d": 0.2}),
        ({"since_last_d": None}, {"since_last_d": 1.0}),
        ({"cadence_d": 1.0}, {"cadence_d": 30.0}),
        ({"cadence_d": 30.0}, {"cadence_d": 0.0}),
        ({"dec_deg": -30.0}, {"dec_deg": 29.0}),  # up for a short while only
        ({"ra_deg": 330.0, "dec_deg": -40.0}, {"ra_deg": 15.0, "dec_deg": 5.0}),  # the full Moon is at 15, +5
        ({"last_mag": 15.0}, {"last_mag": 17.8}),
        ({"last_mag": 17.8}, {"last_mag": 20.0}),
    ],
)
def test_what_is_more_worth_the_time_comes_first(better: dict[str, object], worse: dict[str, object]) -> None:
    plan = plan_of(night_of(LA_SILLA, FULL_MOON), worse, better)
    assert plan["name"].to_list() == ["T1", "T0"]
    assert plan["score"][0] > plan["score"][1]


def test_what_never_rises_is_no_part_of_the_plan() -> None:
    plan = plan_of(night_of(LA_SILLA, NEW_MOON), {"dec_deg": 80.0}, {})
    assert plan["name"].to_list() == ["T1"]


@given(
    importance=st.floats(0, 10),
    cadence_d=st.floats(0, 100),
    since=st.one_of(st.none(), st.floats(-1, 1e5)),
    mag=st.one_of(st.none(), st.floats(-2, 30)),
)
def test_a_score_is_always_from_0_to_100(
    importance: float, cadence_d: float, since: float | None, mag: float | None
) -> None:
    target = {"importance": importance, "cadence_d": cadence_d, "since_last_d": since, "last_mag": mag}
    night = night_of(LA_SILLA, FULL_MOON)
    plan = plan_of(night, target)
    assert 0.0 <= plan["score"][0] <= 100.0
    assert reasons(plan.row(0, named=True), night, DEPTH)


def test_the_reasons_are_told_in_words() -> None:
    night = night_of(LA_SILLA, FULL_MOON)
    plan = plan_of(night, {"since_last_d": 12.2, "importance": 9.8, "last_mag": 17.6})
    told = reasons(plan.row(0, named=True), night, DEPTH)
    assert re.fullmatch(
        r"not seen for 12 nights, wanted every night; importance 9\.8; up for \d h; "
        r"Moon \d\d degrees away, (99|100)% lit; last 17\.6 mag in V\(GaiaSP\), near the limit",
        told,
    )
    new = night_of(LA_SILLA, NEW_MOON)
    first = plan_of(new, {"since_last_d": None, "last_mag": None}, depth=None)
    assert reasons(first.row(0, named=True), new, None).startswith("never observed, wanted every night;")
    assert "no Moon to speak of" in reasons(first.row(0, named=True), new, None)


def test_depth_is_learned_from_the_better_nights_at_the_usual_exposure() -> None:
    # sky-limited frames of one camera: clear nights reach 18 mag in 60 s, a quarter were clouded out
    exptime_s = np.array([60.0, 60.0, 60.0, 240.0, 15.0, 60.0, 60.0, 60.0])
    limit_mag = 18.0 + 1.25 * np.log10(exptime_s / 60.0) - np.array([0, 0, 0, 0, 0, 0, 3.0, 5.0])
    depth = learned_depth(limit_mag, exptime_s)
    assert depth is not None
    assert (depth.limit_mag, depth.exptime_s, depth.frames) == (pytest.approx(18.0), 60.0, 8)
    assert "learned from 8 of its own frames" in depth.told


def test_a_telescope_with_few_frames_is_guessed_from_its_aperture_and_says_so() -> None:
    assert learned_depth(np.array([18.0, 18.1]), np.array([60.0, 60.0])) is None
    small, large = guessed_depth(0.3), guessed_depth(1.2)
    assert small is not None
    assert large is not None
    assert large.limit_mag - small.limit_mag == pytest.approx(1.505, abs=0.001)  # four times as wide
    assert "a guess from its aperture" in large.told
    assert guessed_depth(None) is None


def unfolded(body: str) -> list[str]:
    """Read an iCalendar stream as RFC 5545 says: lines end in CRLF, a blank goes on with the line before."""
    assert body.endswith("\r\n")
    assert "\n" not in body.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in body.split("\r\n"))
    return body.replace("\r\n ", "").split("\r\n")[:-1]


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value)


@given(
    text=st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\\;,\n:"), max_size=300)
)
def test_any_text_comes_through_a_calendar_unhurt(text: str) -> None:
    night = night_of(LA_SILLA, NEW_MOON)
    rows = plan_of(night, {}).with_columns(rank=1, name=pl.lit(text), reasons=pl.lit(text))
    lines = unfolded(icalendar(PlanFile(night=night, rows=rows, title=text), now_mjd=60970.0))
    summary = next(line for line in lines if line.startswith("SUMMARY:"))
    assert unescaped(summary.removeprefix("SUMMARY:")) == text
    assert not re.search(r"(?<!\\)(\\\\)*[;,]", escaped_text(text))


def test_a_calendar_has_one_event_for_each_target_and_the_same_names_at_every_export() -> None:
    night = night_of(LA_SILLA, NEW_MOON)
    rows = plan_of(night, {}, {}).with_row_index("rank", offset=1).with_columns(reasons=pl.lit("up"))
    plan = PlanFile(night=night, rows=rows, title="Plan")
    first, again = (unfolded(icalendar(plan, now_mjd=now)) for now in (60970.0, 60970.5))
    assert (first[0], first[1], first[-1]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    uids = [line for line in first if line.startswith("UID:")]
    assert len(set(uids)) == 2
    assert uids == [line for line in again if line.startswith("UID:")]
    events = [line.split(":")[0] for line in first[first.index("BEGIN:VEVENT") : first.index("END:VEVENT")]]
    assert events[:5] == ["BEGIN", "UID", "DTSTAMP", "DTSTART", "DTEND"]
    starts = [line for line in first if line.startswith("DTSTART:")]
    assert all(re.fullmatch(r"DTSTART:2025102[12]T\d{6}Z", line) for line in starts)
    ends = [line.removeprefix("DTEND:") for line in first if line.startswith("DTEND:")]
    assert all(end > line.removeprefix("DTSTART:") for line, end in zip(starts, ends, strict=True))


def test_the_plan_as_csv_and_as_text_names_rank_place_and_moment() -> None:
    night = night_of(LA_SILLA, NEW_MOON)
    rows = plan_of(night, {"name": 'a,"b"'}).with_row_index("rank", offset=1)
    plan = PlanFile(night=night, rows=rows.with_columns(reasons=pl.lit("up, high")), title="Plan")
    row = pl.read_csv(csv_text(plan).encode()).row(0, named=True)
    assert (row["rank"], row["name"], row["dec_deg"], row["reasons"]) == (1, 'a,"b"', -30.0, "up, high")
    assert row["best_altitude_deg"] == pytest.approx(89.2, abs=0.2)
    assert re.search(r'  1\. a,"b" +0\.00000 -30\.00000  \d\d:\d\d-\d\d:\d\d UTC, best', plain_text(plan))
    nothing = PlanFile(night=night, rows=plan.rows.clear(), title="Plan")
    assert "Nothing can be observed" in plain_text(nothing)
    assert csv_text(nothing).startswith("rank,name,")
