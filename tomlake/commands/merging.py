"""`tomlake target duplicates`, `merge` and `unmerge`: one object that was added twice."""

from typing import Annotated

import typer
from rich.table import Table

from engine.brokers.registry import served
from engine.target import DUPLICATE_RADIUS_ARCSEC
from lake.archives import request_all
from lake.merging import merging
from lake.merging.duplicates import RADIUS_MAX_ARCSEC
from lake.public.origin import origin_of
from lake.rights import SYSTEM
from lake.targets import get_target
from tomlake.commands.session import opened_lake, out


def duplicates(
    radius_arcsec: Annotated[
        float, typer.Option("--radius", min=0, max=RADIUS_MAX_ARCSEC, help="How near, in arcsec.")
    ] = DUPLICATE_RADIUS_ARCSEC,
) -> None:
    """List pairs of targets that lie so close together that they may be one."""
    with opened_lake() as lake:
        pairs = merging.duplicates(lake.operations, radius_arcsec=radius_arcsec)
    if pairs:
        table = Table("Older", "Number", "Newer", "Number", "Apart, arcsec")
        for pair in pairs:
            apart = f"{pair.separation_arcsec:.2f}"
            table.add_row(pair.first_name, str(pair.first_id), pair.second_name, str(pair.second_id), apart)
        out.print(table)
    out.print(f"{len(pairs):,} pairs within {radius_arcsec:g} arcsec")


def merge(
    kept: Annotated[str, typer.Argument(help="Name or number of the target that stays.")],
    gone: Annotated[str, typer.Argument(help="Name or number of the one that goes into it.")],
) -> None:
    """Let one target go into another: uploads, frames, their points and names go along; it can be undone."""
    with opened_lake() as lake:
        target = get_target(lake.operations, kept, SYSTEM)
        gone_id = get_target(lake.operations, gone, SYSTEM).target_id or 0
        done = merging.merge(lake, target.target_id or 0, gone_id, by=SYSTEM)
        if origin_of(lake.settings) is None:
            request_all(lake.operations, served(lake.settings.secrets), target)
    out.print(
        f"{done.gone_name} is {done.kept_name} now. Undo it with: tomlake target unmerge {done.merge_id}",
        markup=False,
    )


def unmerge(
    merge_id: Annotated[
        int | None, typer.Argument(help="Number of the merge; without it, all are listed.")
    ] = None,
) -> None:
    """Undo a merge: the target and everything that went with it come back."""
    with opened_lake() as lake:
        if merge_id is not None:
            done = merging.unmerge(lake, merge_id, by=SYSTEM)
            out.print(f"{done.gone_name} and {done.kept_name} are two targets again.", markup=False)
            return
        merges = merging.list_merges(lake.operations, SYSTEM)
    table = Table("Merge", "Kept", "Gone", "By", "State")
    for each in merges:
        table.add_row(str(each.merge_id), each.kept_name, each.gone_name, each.made_by, each.state.value)
    out.print(table if merges else "No targets are merged.")
