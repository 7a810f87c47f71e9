"""The stars of a frame as SExtractor's ASCII_HEAD table, which BHTOM's own programs read."""

import polars as pl

_COLUMNS = {
    "NUMBER": ("Running object number", ""),
    "ALPHA_J2000": ("Right ascension of barycenter (J2000)", "[deg]"),
    "DELTA_J2000": ("Declination of barycenter (J2000)", "[deg]"),
    "XWIN_IMAGE": ("Windowed position estimate along x", "[pixel]"),
    "YWIN_IMAGE": ("Windowed position estimate along y", "[pixel]"),
    "MAG_AUTO": ("Kron-like elliptical aperture magnitude", "[mag]"),
    "MAGERR_AUTO": ("RMS error for AUTO magnitude", "[mag]"),
}


def star_table(stars: pl.DataFrame) -> str:
    """Return the stars that have a place and a magnitude; pixels count from 1, as SExtractor counts them."""
    needed = ("ra_deg", "dec_deg", "inst_mag", "inst_mag_err")
    rows = stars.drop_nulls(needed).select("ra_deg", "dec_deg", "x", "y", "inst_mag", "inst_mag_err")
    lines = [
        f"# {number:3d} {name:<22} {about:<58} {unit}".rstrip()
        for number, (name, (about, unit)) in enumerate(_COLUMNS.items(), 1)
    ]
    for number, (ra_deg, dec_deg, x, y, mag, mag_err) in enumerate(rows.iter_rows(), 1):
        place = "     -1.0000      -1.0000" if x is None or y is None else f"{x + 1:12.4f} {y + 1:12.4f}"
        lines.append(f"{number:10d} {ra_deg:14.8f} {dec_deg:+14.8f} {place} {mag:10.4f} {mag_err:9.4f}")
    return "\n".join(lines) + "\n"
