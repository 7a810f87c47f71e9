"""`tomlake observatory ...`: telescopes and cameras, under the name that uploads give."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from engine.errors import Rejected
from engine.frame import Camera
from lake.rights import SYSTEM
from lake.sites.camera_approval import approve_camera, refuse_camera
from lake.sites.importing import Fate, import_observatories
from lake.sites.observatories import Observatory, add_camera, add_observatory, list_cameras
from tomlake.commands.session import opened_lake, out

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - a command's options are its form
    name: Annotated[str, typer.Argument(help="Name of the observatory.")],
    camera: Annotated[str, typer.Argument(help="Name of the camera.")],
    lon: Annotated[float, typer.Option(help="Longitude in degrees, East is positive.")],
    lat: Annotated[float, typer.Option(help="Latitude in degrees.")],
    altitude_m: Annotated[float, typer.Option("--altitude", help="Altitude in metres.")] = 0.0,
    gain: Annotated[float | None, typer.Option(help="e-/ADU, where headers lack it.")] = None,
    read_noise: Annotated[float | None, typer.Option(help="e-, where headers lack it.")] = None,
    saturation: Annotated[float | None, typer.Option(help="ADU, where headers lack it.")] = None,
    pixel_scale: Annotated[
        float | None, typer.Option(help="arcsec per pixel, where headers lack it.")
    ] = None,
    oname: Annotated[str, typer.Option(help="Name that uploads give; NAME_CAMERA where left out.")] = "",
) -> None:
    """Add a telescope with its camera, so that uploads may name it."""
    with opened_lake() as lake:
        observatory = add_observatory(
            lake.operations,
            Observatory(name=name, longitude_deg=lon, latitude_deg=lat, altitude_m=altitude_m),
            by="command line",
        )
        registered = add_camera(
            lake.operations,
            observatory.observatory_id or 0,
            Camera(
                name=camera,
                facility=name,
                gain_e_adu=gain,
                read_noise_e=read_noise,
                saturation_adu=saturation,
                pixel_scale_arcsec=pixel_scale,
            ),
            by="command line",
            oname=oname,
        )
    out.print(f"Added; uploads name it {registered.oname}.", markup=False)


@app.command("list")
def show_all() -> None:
    """List every camera under the name that uploads give."""
    table = Table("Name for uploads", "Observatory", "Camera", "Longitude", "Latitude", "Approved")
    with opened_lake() as lake:
        for registered in list_cameras(lake.operations):
            place = registered.observatory
            table.add_row(
                registered.oname,
                place.name,
                registered.camera.name,
                f"{place.longitude_deg:.4f}",
                f"{place.latitude_deg:.4f}",
                "yes" if registered.is_approved else "waits",
            )
    out.print(table, markup=False)


@app.command("import")
def import_csv(
    file: Annotated[Path, typer.Argument(help="CSV with a header: name, lon, lat, camera_name, prefix ...")],
    store: Annotated[bool, typer.Option("--store", help="Else rows are only judged.")] = False,
) -> None:
    """Import observatories and cameras from a CSV: every row, or none where one cannot be."""
    try:
        body = file.read_bytes()
    except OSError as error:
        raise Rejected(f"{file} cannot be read: {error.strerror}.", code="bad-csv") from error
    by = replace(SYSTEM, username="command line")
    with opened_lake() as lake:
        made = import_observatories(lake.operations, body, by=by, dry_run=not store)
    for row in made.rows:
        style = "red" if row.fate == Fate.REFUSED else ""
        out.print(f"line {row.line}: {row.fate}: {row.sentence}", style=style, markup=False)
    if made.refused:
        raise Rejected(
            f"{made.refused} of {len(made.rows)} rows cannot be: nothing was stored; mend them.",
            code="rows-refused",
        )
    end = "were stored or known" if made.is_stored else "can be: nothing is stored yet, add --store"
    out.print(f"All {len(made.rows)} rows {end}.", markup=False)


@app.command("approve")
def approve(
    oname: Annotated[str, typer.Argument(help="Name of the camera for uploads.")],
    refuse: Annotated[bool, typer.Option("--refuse", help="Put it out of use instead.")] = False,
) -> None:
    """Approve a camera that somebody registered."""
    with opened_lake() as lake:
        decide = refuse_camera if refuse else approve_camera
        camera = decide(lake.operations, oname, by=replace(SYSTEM, username="command line"))
    out.print(f"{camera.oname} is {'out of use' if refuse else 'approved'}.", markup=False)
