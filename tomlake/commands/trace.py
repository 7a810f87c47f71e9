"""`tomlake explain`, `tomlake verify`, `tomlake reparse`: where points come from, and if all is sound."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from engine.errors import Rejected
from jobs.reparse import Reparsed, reparse_all
from lake.backend import Backend
from lake.operations import open_operations
from lake.paths import make_folders
from lake.raw import open_raw
from lake.rights import SYSTEM
from lake.settings import read_settings
from lake.targets import get_target
from lake.trace.catch_up import seal_all
from lake.trace.explain import explain as explain_point
from lake.trace.prov import prov_json
from lake.trace.seals import seal_settings_anew
from lake.trace.story import story
from lake.trace.verify import Verdict, Verification
from tomlake.commands.session import opened_lake, out, shown_progress


def explain(
    point: Annotated[str, typer.Argument(help="Number of the point; it may be negative.")],
    prov: Annotated[
        str, typer.Option(help="Write W3C PROV-JSON to this file, or to the screen with -.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
) -> None:
    """Print the whole way back from a point: its batch, its code, its frame, its bytes, its version."""
    try:
        point_id = int(point)
    except ValueError as error:
        raise Rejected(
            f"A point is named by its number, such as -123, and not by {point!r:.60}.", code="bad-point-id"
        ) from error
    with opened_lake() as lake:
        told = explain_point(lake, point_id, SYSTEM)
    if prov:
        _write(json.dumps(prov_json(told), indent=2), prov)
    elif as_json:
        _write(json.dumps(asdict(told), indent=2), "-")
    else:
        for heading, sentences in story(told):
            out.print(Text(heading, style="bold"))
            for sentence in sentences:
                out.print(Padding(Text(sentence), (0, 0, 0, 2)))


def verify(
    quick: Annotated[
        bool, typer.Option(help="Only whether every file is there and as large as it was.")
    ] = False,
    seal: Annotated[bool, typer.Option(help="Then seal everything sound that has no seal yet.")] = False,
    accept_settings: Annotated[
        bool, typer.Option(help="With --seal: the catalog's settings were changed on purpose.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as one JSON object.")] = False,
) -> None:
    """Check every byte of raw files, Parquet files, catalog and ledger.

    Exit code 0: all is sound; 1: something is damaged.
    """
    settings = read_settings()
    places = make_folders(settings)
    backend, operations, raw = Backend(settings), open_operations(settings.operations_url), open_raw(settings)
    try:
        if not backend.catalog.exists():
            raise Rejected(f"There is no lake in {places.data_dir} yet.", code="no-lake")
        with shown_progress() as told:
            found = Verification(
                backend=backend, operations=operations, raw=raw, quick=quick, told=told
            ).run()
            sealed = seal_all(backend, operations, raw, told).lines if seal else 0
            sealed += seal_settings_anew(backend, operations) if seal and accept_settings else 0
    finally:
        backend.close()
        operations.dispose()
    if as_json:
        sentences = [damage.sentence for damage in found.damages]
        _write(json.dumps(asdict(found) | {"sealed": sealed, "sentences": sentences}, indent=2), "-")
    else:
        _show(found, sealed)
    if found.damages:
        raise typer.Exit(1)


def reparse(
    source: Annotated[str, typer.Argument(help="Key of an archive, or upload; by default all.")] = "",
    target: Annotated[str, typer.Option("--target", "-t", help="Only this target.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would change.")] = False,
) -> None:
    """Make rows anew from the kept raw answers, without network, and tell what changed.

    Exit code 0: everything could be read again; 1: something could not.
    """
    with opened_lake() as lake:
        target_id = get_target(lake.operations, target, SYSTEM).target_id if target else None
        with shown_progress() as told:
            done = reparse_all(lake, source=source, target_id=target_id, dry_run=dry_run, told=told)
    _show_reparsed(done, dry_run=dry_run)
    if any(each.reason for each in done):
        raise typer.Exit(1)


def _show(found: Verdict, sealed: int) -> None:
    for damage in found.damages:
        out.print(Text(damage.sentence, style="red"))
    lake, raw = found.lake_files, found.raw_files
    size_mb = (lake.size_bytes + raw.size_bytes) / 1e6
    looked = "looked for" if found.quick else "checked"
    out.print(
        f"Version {found.version:,}: {looked} {lake.files:,} files of the lake, {raw.files:,} raw files and "
        f"{found.lines:,} lines of the ledger, {size_mb:,.1f} MB in {found.took_s:.1f} s."
    )
    if lake.unsealed or raw.unsealed or found.unsealed_versions:
        out.print(
            f"Not sealed yet: {lake.unsealed:,} files, {raw.unsealed:,} raw files and "
            f"{found.unsealed_versions:,} versions; `tomlake verify --seal` seals them."
        )
    if sealed:
        out.print(f"Sealed: {sealed:,} lines were added to the ledger.")
    count = len(found.damages)
    out.print("Everything is sound." if not count else f"{count:,} damage{'s' * (count != 1)} found.")


def _show_reparsed(done: list[Reparsed], *, dry_run: bool) -> None:
    table = Table("Target", "Source", "Unchanged", "Changed", "Added", "Removed", "")
    for each in done:
        numbers = (each.unchanged, each.changed, each.added, each.removed)
        words = each.reason or ("its frame is reduced again by a worker" if each.is_queued else "")
        shown = ["-"] * 4 if each.reason or each.is_queued else [f"{number:,}" for number in numbers]
        table.add_row(each.target, each.source, *shown, words)
    out.print(table)
    changed = sum(bool(each.changed or each.added or each.removed) for each in done)
    end = "nothing was written (--dry-run)" if dry_run else "new batches stand for what changed"
    out.print(f"{len(done):,} read again, {changed:,} of them differ; {end}.")


def _write(text: str, place: str) -> None:
    if place == "-":
        sys.stdout.write(text + "\n")
        return
    try:
        Path(place).write_text(text + "\n")
    except OSError as error:
        raise Rejected(f"{place} cannot be written ({error.strerror}).", code="no-write-access") from error
