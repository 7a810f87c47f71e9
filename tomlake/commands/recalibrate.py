"""`tomlake recalibrate`, `promote` and `demote`: old frames with new code, and which result counts."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.table import Table

from engine.errors import Rejected
from engine.photometry.verdict import CALIB_VERSION
from engine.times import mjd_of
from jobs.recalibrate import recalibrate_all
from lake.opening import Lake
from lake.rights import SYSTEM
from lake.shelf.report import comparison, in_sum
from lake.shelf.selection import Direction, Selection, choices, selected_uploads
from lake.shelf.swap import swap
from lake.targets import get_target
from tomlake.commands.session import opened_lake, out, shown_progress

TargetName = Annotated[str, typer.Option("--target", "-t", help="Only frames of this target.")]
Camera = Annotated[
    str, typer.Option("--camera", "-c", help="Only frames of this camera (its ONAME, or name).")
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", formats=["%Y-%m-%d"], help="Only frames taken since this day (UTC)."),
]
To = Annotated[str, typer.Option("--to", help="Name of the processing, such as psf-1, that shall count.")]


def recalibrate(
    target: TargetName = "",
    camera: Camera = "",
    since: Since = None,
    processes: Annotated[
        int, typer.Option(min=1, help="Worker processes; by default one a core.")
    ] = os.cpu_count() or 1,
    csv: Annotated[
        Path | None, typer.Option(help="Write before and after, frame by frame, to this file.")
    ] = None,
) -> None:
    """Reduce uploads anew with today's code; the new rows wait beside the old ones until `tomlake promote`.

    Stopped, it goes on with the same command. Done twice it is done once.
    """
    with opened_lake() as lake:
        uploads = selected_uploads(lake, _selection(lake, target, camera, since))
        with shown_progress() as told:
            done = recalibrate_all(lake, uploads, processes=processes, told=told)
        chosen = choices(lake.store, [sent.upload_id for sent in uploads], Direction.PROMOTE)
        compared = comparison(lake.store, chosen)
        names = {sent.target_id: sent.target_name for sent in uploads}
    out.print(f"{done.uploads:,} of {len(uploads):,} uploads were reduced anew by {CALIB_VERSION}.")
    _show(compared, names)
    if csv is not None:
        _write(compared, csv)
    for reason in done.reasons:
        out.print(reason, markup=False, style="red")
    if done.reasons:
        raise typer.Exit(1)


def promote(target: TargetName = "", camera: Camera = "", since: Since = None, to: To = "") -> None:
    """Let the newest processing count; what counted until now waits on the shelf."""
    _swap(Direction.PROMOTE, target, camera, since, to)


def demote(target: TargetName = "", camera: Camera = "", since: Since = None, to: To = "") -> None:
    """Let the processing before count again, exactly as it was."""
    _swap(Direction.DEMOTE, target, camera, since, to)


def _swap(direction: Direction, target: str, camera: str, since: datetime | None, to: str) -> None:
    with opened_lake() as lake:
        uploads = selected_uploads(lake, _selection(lake, target, camera, since))
        upload_ids = [sent.upload_id for sent in uploads]
        with shown_progress() as told:
            done = swap(lake, upload_ids, direction, to=to, by="command line", told=told)
    if not done.uploads:
        which = f"of {to}" if to else "newer" if direction == Direction.PROMOTE else "older"
        out.print(f"Nothing was changed: no {which} processing of these {len(uploads):,} uploads waits.")
        return
    out.print(
        f"{done.uploads:,} uploads with {done.points:,} points changed; what counted before is on the shelf."
    )


def _selection(lake: Lake, target: str, camera: str, since: datetime | None) -> Selection:
    return Selection(
        target_id=get_target(lake.operations, target, SYSTEM).target_id if target else None,
        camera=camera.strip(),
        since_mjd=None if since is None else mjd_of(since),
    )


def _show(compared: pl.DataFrame, names: dict[int | None, str]) -> None:
    if compared.is_empty():
        out.print("Nothing newer than what counts waits on the shelf.")
        return
    table = Table("Target", "Camera", "Band", box=None)
    for title in ("Frames", "Change", "Spread", "Largest", "Error was, is", "Verdicts"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in in_sum(compared).iter_rows(named=True):
        was, now = (_mmag(row[name]) for name in ("error_now_mag", "error_shelf_mag"))
        table.add_row(
            names.get(row["target_id"], str(row["target_id"])),
            row["camera"],
            row["band_shelf"] or "-",
            f"{row['frames']:,}",
            *[_mmag(row[name]) for name in ("median_mag", "spread_mag", "largest_mag")],
            f"{was}, {now}",
            f"{row['verdicts']:,}",
        )
    out.print(table)
    out.print("Changes are in mmag, new minus old; Verdicts: so many frames are judged otherwise.")
    out.print("`tomlake promote` lets the new ones count, `tomlake demote` the old ones again.")


def _mmag(mag: float | None) -> str:
    return "-" if mag is None else f"{1000 * mag:.1f}"


def _write(compared: pl.DataFrame, file: Path) -> None:
    try:
        compared.write_csv(file)
    except OSError as error:
        raise Rejected(f"{file} cannot be written ({error.strerror}).", code="no-write-access") from error
    out.print(f"{len(compared):,} frames before and after stand in {file}.", markup=False)
