"""`tomlake reduce` and `tomlake references`: photometry from the command line."""

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from engine.brokers.asking.client import HttpClient
from engine.brokers.resolve import resolve
from engine.errors import Rejected, Transient
from engine.photometry.catalogue.ephemeris_file import read_track
from engine.photometry.ensemble import ensemble_light_curve
from engine.photometry.exposures import Choices, reduce_file
from engine.photometry.masters import masters_of
from engine.photometry.night import MIN_FRAMES, Verdicts
from engine.photometry.references import read_references
from engine.photometry.results import write_results
from engine.photometry.stacking.night_stack import reduce_stacks
from engine.photometry.verdict import TARGET_REF_ID, Reduction, Status
from engine.target import Target, parse_position
from lake.provenance import new_batch
from lake.references import cone, put_stars
from lake.rights import SYSTEM
from lake.settings import read_settings
from lake.targets import get_target
from tomlake.commands.session import opened_lake, out
from tomlake.photometry import files_of, parted, reduced

references_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

REFERENCE_RADIUS_DEG = 1.5


def reduce(  # noqa: PLR0913, PLR0917 - a command's options are its form
    files: Annotated[list[Path], typer.Argument(help="Images, instrumental catalogues, or folders of them.")],
    target: Annotated[str, typer.Option("--target", "-t", help="Name of a target in the lake.")] = "",
    ra: Annotated[str, typer.Option(help="Its right ascension, where the lake does not know it.")] = "",
    dec: Annotated[str, typer.Option(help="Its declination.")] = "",
    ephemeris: Annotated[
        Path | None, typer.Option(help="Table of a moving target's places: mjd or jd (UTC), ra, dec.")
    ] = None,
    references: Annotated[
        list[Path] | None,
        typer.Option("--references", "-r", help="Catalogue of reference stars; may be given several times."),
    ] = None,
    band: Annotated[str, typer.Option(help="any, ugriz, UBVRI, or one band such as V.")] = "any",
    ensemble: Annotated[
        Path | None, typer.Option(help="Write the light curve against the frames' own stars to this CSV.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Let each frame stand alone, also where a whole night is given.")
    ] = False,
    stack: Annotated[
        bool, typer.Option("--stack", help="Add up the frames of each filter as well and measure their sum.")
    ] = False,
    calibration_frames: Annotated[
        Path | None,
        typer.Option(help="Folder of bias, dark and flat frames; those among the files count too."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(help="Write a row for each frame to this CSV, or to a file named .parquet."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per frame.")] = False,
) -> None:
    """Measure images or catalogues here, without storing anything.

    A folder is a night: its frames in one filter share their aperture, and good ones help poor ones. With
    --stack, the sum of the frames in each filter is measured too: it shows what is too faint for each.
    Exit code 0: every frame gave a magnitude or a limit; 1: at least one frame was rejected.
    """
    paths, shots = parted(files_of(files))
    shots += files_of([calibration_frames]) if calibration_frames is not None else []
    star = _moving(target, ephemeris, stack=stack) if ephemeris else _target(target, ra, dec)
    stars = _references(references, star)
    masters = masters_of(shots) if shots else None
    choices = Choices(requested=band, index_dir=read_settings().index_dir, masters=masters)
    found = _reduced(paths, star, stars, choices, alone=alone)
    reductions = [reduction for of_file in found for reduction in of_file]
    stacks = reduce_stacks(paths, found, star, stars, choices=choices) if stack and star else []
    _show(reductions, stacks, as_json=as_json)
    _write(reductions, stacks, table=table, ensemble=ensemble)
    if any(reduction.status == Status.REJECTED for reduction in (*reductions, *stacks)):
        raise typer.Exit(1)


def _write(
    reductions: list[Reduction], stacks: list[Reduction], *, table: Path | None, ensemble: Path | None
) -> None:
    if table is not None:
        write_results([*reductions, *stacks], table)
    if ensemble is not None:
        _write_ensemble(reductions, ensemble)


def _show(reductions: list[Reduction], stacks: list[Reduction], *, as_json: bool) -> None:
    if as_json:
        for reduction in (*reductions, *stacks):
            out.print(json.dumps(reduction.as_json()), markup=False)
        return
    out.print(_table([*reductions, *stacks]))
    for reduction in stacks:
        out.print(f"{reduction.file}: {reduction.reason}", markup=False)


def _reduced(
    paths: list[Path], target: Target | None, stars: pl.DataFrame, choices: Choices, *, alone: bool
) -> Verdicts:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        if alone:
            tracked = bar.track(paths, description="Reducing")
            return [reduce_file(path, target, stars, choices=choices) for path in tracked]
        looks = 2 if target is not None and len(paths) >= MIN_FRAMES else 1
        shown = bar.add_task("Reducing", total=looks * len(paths))
        return reduced(paths, target, stars, choices, seen=lambda _path: bar.advance(shown))


def _write_ensemble(reductions: list[Reduction], path: Path) -> None:
    placed = [
        reduction for reduction in reductions if reduction.mjd is not None and len(reduction.stars_table)
    ]
    curve = ensemble_light_curve(
        [reduction.stars_table for reduction in placed],
        target_ref_id=TARGET_REF_ID,
        mjds=[reduction.mjd or 0.0 for reduction in placed],
    )
    files = pl.DataFrame({"file": [reduction.file for reduction in placed]}).with_row_index("frame")
    curve.join(files.cast({"frame": pl.Int64}), on="frame").select(
        "file", "mjd", "mag_rel", "mag_rel_err", "stars"
    ).write_csv(path)


@references_app.command("load")
def load(
    files: Annotated[list[Path], typer.Argument(help="Catalogues: .ecsv .csv .fits .parquet .vot")],
) -> None:
    """Put the stars of local catalogues into the lake, for every frame of their fields."""
    stars = pl.concat([read_references(path) for path in files])
    with opened_lake() as lake:
        names = ", ".join(path.name for path in files)
        put_stars(lake.store, stars, batch=new_batch("references", "file", parameters={"files": names}))
    out.print(f"Loaded {stars['ref_id'].n_unique():,} stars in {stars['band'].n_unique()} bands.")


def _target(name: str, ra: str, dec: str) -> Target | None:
    if ra or dec:
        ra_deg, dec_deg = parse_position(ra, dec)
        return Target(name=name or "target", ra_deg=ra_deg, dec_deg=dec_deg)
    if not name:
        return None
    with opened_lake() as lake:
        try:
            return get_target(lake.operations, name, SYSTEM)
        except Rejected:
            pass
    return _looked_up(name)


def _moving(name: str, ephemeris: Path, *, stack: bool) -> Target:
    """Return a target that moves as a table says; its first place serves where no time is known."""
    if stack:
        raise Rejected(
            "A stack follows the stars: a moving target is measured without --stack.", code="stack-moves"
        )
    track = read_track(ephemeris)
    ra_deg, dec_deg = float(track.ra_deg[0]), float(track.dec_deg[0])
    return Target(name=name or ephemeris.stem, ra_deg=ra_deg, dec_deg=dec_deg, track=track)


def _looked_up(name: str) -> Target:
    try:
        return resolve(HttpClient(), name)
    except Transient as error:
        raise Rejected(
            f"{name} is not among the targets and cannot be looked up now: "
            "give --ra and --dec, or add it with `tomlake target add`.",
            code="unknown-target",
        ) from error


def _references(files: list[Path] | None, target: Target | None) -> pl.DataFrame:
    if files:
        return pl.concat([read_references(path) for path in files])
    if target is None:
        raise Rejected("Name a catalogue of reference stars with --references.", code="no-references")
    with opened_lake() as lake:
        return cone(lake.store, target.ra_deg, target.dec_deg, REFERENCE_RADIUS_DEG)


def _table(reductions: list[Reduction]) -> Table:
    table = Table("File", "Verdict", "MJD", "Band", "Magnitude", "Zero point", "Stars", "Seeing")
    for each in reductions:
        table.add_row(
            each.file,
            each.reason if each.status == Status.REJECTED else str(each.status),
            "" if each.mjd is None else f"{each.mjd:.5f}",
            each.band or "",
            _magnitude(each),
            _with_error(each.zero_point_mag, each.zero_point_err_mag),
            "" if each.stars is None else str(each.stars),
            "" if each.seeing_arcsec is None else f'{each.seeing_arcsec:.1f}"',
        )
    return table


def _magnitude(reduction: Reduction) -> str:
    if reduction.mag is None and reduction.limit_mag is not None:
        return f"> {reduction.limit_mag:.2f}"
    return _with_error(reduction.mag, reduction.mag_err)


def _with_error(value: float | None, error: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if error is None else f"{value:.3f} ± {error:.3f}"
