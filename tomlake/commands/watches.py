"""`tomlake watch ...`: rules for streams of alerts, and the targets that they propose."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from engine.brokers.asking.client import HttpClient
from engine.brokers.streams.criteria import rule_of, told
from engine.brokers.streams.registry import STREAMS, stream
from engine.times import datetime_of
from jobs.watch_streams import ask_stream
from lake.proposals import ProposalState, accept, dismiss, list_proposals
from lake.rights import SYSTEM
from lake.watches import Watch, add_watch, get_watch, list_watches, set_active
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_BY = replace(SYSTEM, username="command line")
_KEYS = ", ".join(each.info.key for each in STREAMS)
Name = Annotated[str, typer.Argument(help="Name or number of the watch.")]
Numbers = Annotated[list[int], typer.Argument(help="Numbers of proposals, as `watch proposals` lists them.")]
Least = Annotated[float | None, typer.Option(min=-90, max=90)]


@app.command("add", help="Add a watch; it is asked at once and then regularly.")
def add(  # noqa: PLR0913, PLR0917 - a command's options are its form
    name: Annotated[str, typer.Argument(help="Such as: bright supernovae.")],
    of_stream: Annotated[str, typer.Option("--stream", help=f"One of: {_KEYS}.")],
    classification: Annotated[
        str, typer.Option("--class", help="Class or tag, as the stream calls it.")
    ] = "",
    brighter: Annotated[float | None, typer.Option(help="Brighter than this magnitude.")] = None,
    newer: Annotated[float, typer.Option(help="First seen at most so many days ago.")] = 30.0,
    probability: Annotated[float | None, typer.Option(min=0, max=1, help="At least.")] = None,
    dec_min: Least = None,
    dec_max: Least = None,
    gal_lat: Annotated[float | None, typer.Option(help="Least distance from the Galactic plane.")] = None,
    cone: Annotated[
        tuple[float, float, float] | None, typer.Option(help="RA, Dec and radius, in degrees.")
    ] = None,
    conditions: Annotated[str, typer.Option(help="WHERE of a filter, for Lasair.")] = "",
    every_h: Annotated[float | None, typer.Option("--every", help="Hours between two questions.")] = None,
    makes_targets: Annotated[
        bool, typer.Option("--make-targets", help="Make targets without anybody looking.")
    ] = False,
) -> None:
    """Add a watch in the name of the command line."""
    criteria = {
        "classification": classification,
        "brighter_than_mag": brighter,
        "newer_than_d": newer,
        "probability_min": probability,
        "dec_min_deg": dec_min,
        "dec_max_deg": dec_max,
        "gal_lat_min_deg": gal_lat,
        "conditions": conditions,
    }
    if cone is not None:
        criteria |= dict(zip(("cone_ra_deg", "cone_dec_deg", "cone_radius_deg"), cone, strict=True))
    wanted = Watch(
        name=name,
        stream=of_stream,
        rule=rule_of(criteria),
        every_h=max(6.0, stream(of_stream).info.least_every_h) if every_h is None else every_h,
        makes_targets=makes_targets,
    )
    with opened_lake() as lake:
        made = add_watch(lake.operations, wanted, by=_BY.username)
    out.print(f"{made.name} is watch {made.watch_id}: {told(made.rule)}.", markup=False)


@app.command("list", help="List the watches and what each found last.")
def show_all() -> None:
    """List everybody's watches."""
    table = Table("Watch", "Name", "Stream", "Rule", "Every", "By", "Says")
    with opened_lake() as lake:
        for watch in list_watches(lake.operations, SYSTEM):
            rule = told(watch.rule) + (", makes targets" if watch.makes_targets else "")
            every = f"{watch.every_h:g} h" if watch.is_active else "rests"
            number = str(watch.watch_id)
            table.add_row(
                number, watch.name, watch.stream, rule, every, watch.created_by, watch.reason or "-"
            )
    out.print(table, markup=False)


@app.command("run", help="Ask the stream of a watch now, and wait for the answer.")
def run(name: Name) -> None:
    """Ask now."""
    with opened_lake() as lake, HttpClient(secrets=lake.settings.secrets) as http:
        watch = get_watch(lake.operations, name, SYSTEM)
        out.print(ask_stream(http, lake, watch, lambda _step, _part: None), markup=False)


@app.command("rest", help="Let a watch rest, or with --no-rest go on.")
def rest(
    name: Name, rests: Annotated[bool, typer.Option("--rest/--no-rest", help="Whether it rests.")] = True
) -> None:
    """Let a watch rest, or go on."""
    with opened_lake() as lake:
        found = get_watch(lake.operations, name, SYSTEM)
        watch = set_active(lake.operations, found.watch_id, not rests, user=SYSTEM)
    out.print(f"{watch.name} {'goes on' if watch.is_active else 'rests'}.", markup=False)


@app.command("proposals", help="List what the watches found.")
def proposals(
    state: Annotated[ProposalState, typer.Option(help="Which proposals.")] = ProposalState.NEW,
) -> None:
    """List proposals, the newest first."""
    table = Table("No.", "Name", "RA", "Dec", "Mag", "Class", "Seen", "Watch", "Target", "Link")
    with opened_lake() as lake:
        found = list_proposals(lake.operations, SYSTEM, state=state)
    for each in found:
        table.add_row(
            str(each.proposal_id),
            each.name,
            f"{each.ra_deg:.5f}",
            f"{each.dec_deg:+.5f}",
            "-" if each.mag is None else f"{each.mag:.2f} {each.band}",
            each.classification,
            "-" if each.seen_mjd is None else f"{datetime_of(each.seen_mjd):%Y-%m-%d}",
            each.watch,
            each.target,
            each.link,
        )
    out.print(table, markup=False)
    out.print(f"{len(found):,} proposals")


@app.command("accept", help="Make targets of proposals.")
def accept_all(numbers: Numbers) -> None:
    """Make targets of proposals; their archives are asked at once."""
    with opened_lake() as lake:
        for number in numbers:
            target = accept(lake, number, user=_BY)
            out.print(f"{target.name} is a target.", markup=False)


@app.command("dismiss", help="Put proposals aside; they are not proposed again.")
def dismiss_all(numbers: Numbers) -> None:
    """Put proposals aside."""
    with opened_lake() as lake:
        count = dismiss(lake.operations, numbers, user=_BY)
    out.print(f"{count} of {len(numbers)} proposals were put aside.")
