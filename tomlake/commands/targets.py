"""`tomlake target ...` and `tomlake harvest`."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import polars as pl
import typer
from rich.table import Table

from engine.errors import Rejected
from engine.target import CLASSES, Target, Visibility, parse_position
from engine.times import datetime_of, mjd_of
from lake.adding import add_target
from lake.rights import SYSTEM
from lake.target_list import Order, TargetFilter, find_targets
from lake.targets import get_target
from tomlake.commands import merging
from tomlake.commands.name_lookup import named
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("duplicates")(merging.duplicates)
app.command("merge")(merging.merge)
app.command("unmerge")(merging.unmerge)

_EMBARGO = typer.Option(
    "--embargo-until", formats=["%Y-%m-%d"], help="Public from this day on (UTC); until then as --private."
)
Name = Annotated[str, typer.Argument(help="Name of the target, or one of its aliases.")]


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - a command's options are its form
    name: Name,
    ra: Annotated[str | None, typer.Option(help="Right ascension: degrees, or hh:mm:ss.")] = None,
    dec: Annotated[str | None, typer.Option(help="Declination: degrees, or dd:mm:ss.")] = None,
    classification: Annotated[str, typer.Option("--class", help="One of BHTOM's classes.")] = "Unknown",
    description: Annotated[str, typer.Option(help="Why it is worth watching.")] = "",
    importance: Annotated[float, typer.Option(min=0, max=10)] = 5.0,
    cadence_d: Annotated[float, typer.Option("--cadence", min=0, help="Wanted cadence in days.")] = 1.0,
    private: Annotated[bool, typer.Option("--private", help="Only its maker and staff see it.")] = False,
    embargo: Annotated[datetime | None, _EMBARGO] = None,
) -> None:
    """Add a target; without a position its name is looked up: TNS, SIMBAD, NED, JPL and others."""
    if classification not in CLASSES:
        raise Rejected(f"The class is one of: {', '.join(CLASSES)}.", code="unknown-class")
    found = _wanted(name, ra, dec)
    wanted = replace(
        found,
        classification=found.classification if classification == "Unknown" else classification,
        description=description or found.description,
        importance=importance,
        cadence_d=cadence_d,
        visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
        embargo_until_mjd=mjd_of(embargo.replace(tzinfo=UTC)) if embargo else None,
    )
    with opened_lake() as lake:
        target = add_target(lake, wanted, by="command line")
    out.print(
        f"Added {target.name} at {target.position.to_string('hmsdms', sep=':', precision=2)}.", markup=False
    )


def _wanted(name: str, ra: str | None, dec: str | None) -> Target:
    if ra is not None and dec is not None:
        ra_deg, dec_deg = parse_position(ra, dec)
        return Target(name=name, ra_deg=ra_deg, dec_deg=dec_deg)
    if ra is not None or dec is not None:
        raise Rejected("Give both --ra and --dec, or neither.", code="half-a-position")
    found = named(name)
    out.print(f"{found.by} knows {name}.", markup=False)
    return found.target


@app.command("show")
def show(name: Name) -> None:
    """Show one target: its facts, and how many points each source gave."""
    with opened_lake() as lake:
        target = get_target(lake.operations, name, SYSTEM)
        points = lake.store.light_curve(target.target_id or 0)
    facts = Table(show_header=False, box=None)
    for label, value in _facts(target):
        facts.add_row(label, value)
    out.print(facts)
    if points.is_empty():
        out.print("No points yet: try `tomlake harvest`.")
        return
    by_source = Table("Source", "Band", "Points", "First MJD", "Last MJD")
    groups = points.group_by("source", "band").agg(
        n=pl.len(), first=pl.col("mjd").min(), last=pl.col("mjd").max()
    )
    for source, band, count, first, last in groups.sort("source", "band").iter_rows():
        by_source.add_row(source, band, f"{count:,}", f"{first:.3f}", f"{last:.3f}")
    out.print(by_source)


@app.command("list")
def show_all(
    name: Annotated[str, typer.Option(help="Part of the name or of an alias.")] = "",
    classification: Annotated[str, typer.Option("--class", help="One of BHTOM's classes.")] = "",
) -> None:
    """List targets, the most urgent first."""
    wanted = TargetFilter(
        name=name, classification=classification, order=Order.PRIORITY, descending=True, page_size=1000
    )
    table = Table("Name", "Class", "RA", "Dec", "Last mag", "Points", "Priority", "")
    with opened_lake() as lake:
        rows, total = find_targets(lake.operations, wanted, SYSTEM)
    for row in rows:
        last = "-" if row.last_mag is None else f"{row.last_mag:.2f} {row.last_band}"
        target = row.target
        table.add_row(
            target.name,
            target.classification,
            f"{target.ra_deg:.5f}",
            f"{target.dec_deg:+.5f}",
            last,
            f"{row.points:,}",
            f"{row.priority:.1f}",
            "simulated" if target.simulated else "",
        )
    out.print(table)
    out.print(f"{total:,} targets")


def _facts(target: Target) -> list[tuple[str, str]]:
    return [
        ("Name", target.name),
        ("RA, Dec", f"{target.ra_deg:.6f} {target.dec_deg:+.6f}"),
        ("", target.position.to_string("hmsdms", sep=":", precision=2)),
        ("Body", target.designation or "-"),
        ("Class", target.classification),
        ("Importance, cadence", f"{target.importance:g}, every {target.cadence_d:g} d"),
        ("Description", target.description or "-"),
        ("Aliases", ", ".join(f"{name} ({source})" for source, name in target.aliases) or "-"),
        ("Seen by", _audience(target)),
        ("Simulated", "yes" if target.simulated else "no"),
    ]


def _audience(target: Target) -> str:
    if target.visibility == Visibility.PRIVATE:
        return "its maker and staff"
    if target.embargo_until_mjd is None:
        return "everybody"
    return f"everybody from {datetime_of(target.embargo_until_mjd):%Y-%m-%d} on"
