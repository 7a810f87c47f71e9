"""Every star of artificial fields, by tomlake and by its peers: how near to the photon limit, at what cost.

``python benchmarks/bench_stars.py`` (some minutes; ``--large`` adds frames of 4096 pixels). The peers:
``apt-get install source-extractor psfex`` and ``pip install stdpipe``; photutils is a dependency of tomlake.
"""

import argparse
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from benchmarks.star_fields import SATURATION_ADU, StarField, star_field
from benchmarks.star_methods import (
    Method,
    absent,
    peers,
    timed,
    tomlake_blind,
    tomlake_forced,
    tomlake_with_catalogue,
)

Array = NDArray[np.float64]

FIELDS = ((2048, 2000), (2048, 20000))
LARGE_FIELDS = ((4096, 2000), (4096, 20000))
FWHM_PIX = 3.2
SAME_PIX = 1.5
MARGIN_PIX = 12
SATURATED_ADU = 0.6 * SATURATION_ADU / 0.08  # of the whole light: its peak pixel is near saturation
FALSE_SNR = 5.0
HEADER = (
    "method", "CPU s", "bright rms / least", "S/N 20-100: pull", "its own errors' pull",
    "blends < 1.5 FWHM: pull, kept, bias mmag", "seen at S/N 10-20 / 5-7", "false",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The field's stars, NaN where a method did not find them, and what it found that is none."""

    snr: Array
    pull: Array  # in units of the least error
    own_pull: Array
    miss_mag: Array
    neighbour_fwhm: Array
    false: float
    least_mag: Array


def matched(field: StarField, found: pl.DataFrame) -> Matched:
    """Return the comparison with the truth, freed of one common factor: the zero point."""
    truth = field.truth
    places = truth.select("x", "y").to_numpy()
    found = found.filter(pl.all_horizontal(pl.col("x", "y", "flux_adu", "flux_err_adu").is_finite()))
    found = found.filter(pl.col("flux_err_adu") > 0).sort("flux_adu", descending=True)
    distance, owner = cKDTree(places).query(found.select("x", "y").to_numpy())
    row = np.full(len(truth), -1)
    near = np.flatnonzero(distance < SAME_PIX)[::-1]  # the brightest comes last and stays
    row[owner[near]] = near
    known = row >= 0
    flux, error = (
        np.where(known, found[name].to_numpy()[row], np.nan) for name in ("flux_adu", "flux_err_adu")
    )
    true, least = truth["flux_adu"].to_numpy(), truth["least_err_adu"].to_numpy()
    snr = true / least
    inside = np.all((places > MARGIN_PIX) & (places < field.frame.shape[0] - MARGIN_PIX), axis=1)
    sound = inside & (true < SATURATED_ADU)
    bright = sound & known & (snr > 300)
    flux, error = (
        flux / np.median(flux[bright] / true[bright]),
        error / np.median(flux[bright] / true[bright]),
    )
    snr = np.where(sound, snr, np.nan)
    significant = found["flux_adu"].to_numpy() > FALSE_SNR * found["flux_err_adu"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        miss_mag = -2.5 * np.log10(flux / true)
    return Matched(
        snr=snr,
        pull=(flux - true) / least,
        own_pull=(flux - true) / error,
        miss_mag=miss_mag,
        neighbour_fwhm=cKDTree(places).query(places, k=2)[0][:, 1] / FWHM_PIX,
        false=float(np.mean(distance[significant] >= SAME_PIX)),
        least_mag=1.0857 / snr,
    )


def spread(values: Array) -> float:
    """Return the robust standard deviation of what is known."""
    values = values[np.isfinite(values)]
    return float(1.4826 * np.median(np.abs(values - np.median(values)))) if len(values) > 3 else np.nan


def scored(name: str, cpu_s: float, told: Matched) -> str:
    """Return one line of the table."""
    bright, middle = told.snr > 300, (told.snr > 20) & (told.snr < 100)
    blended = (told.snr > 20) & (told.neighbour_fwhm < 1.5)
    seen = np.isfinite(told.pull) & (told.pull + told.snr > 3)
    kept = [float(np.mean(seen[each])) if each.any() else np.nan for each in (
        blended, (told.snr > 10) & (told.snr < 20), (told.snr > 5) & (told.snr < 7)
    )]  # fmt: skip
    cells = (
        name,
        f"{cpu_s:.1f}",
        f"{1e3 * spread(told.miss_mag[bright]):.1f} / {1e3 * np.nanmedian(told.least_mag[bright]):.1f} mmag",
        f"{spread(told.pull[middle]):.2f}",
        f"{spread(told.own_pull[middle]):.2f}",
        f"{spread(told.pull[blended]):.1f}, {kept[0]:.0%}, {1e3 * np.nanmedian(told.miss_mag[blended]):+.0f}",
        f"{kept[1]:.0%} / {kept[2]:.0%}",
        f"{told.false:.1%}",
    )
    return "| " + " | ".join(cells) + " |"


def methods() -> dict[str, Method]:
    """Return all that can be run here."""
    ours: dict[str, Method] = {
        "tomlake, no catalogue": tomlake_blind,
        "tomlake, catalogue off by 0.1 px, 10 % missing, 5 % wrong": tomlake_with_catalogue,
        "tomlake, true places": tomlake_forced,
    }
    return ours | peers()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="frames of 4096 pixels as well")
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    print(absent())
    tomlake_blind(star_field(0, side_pix=512, stars=300))  # compiles the loops
    for side_pix, stars in (*FIELDS, *(LARGE_FIELDS if told.large else ())):
        field = star_field(told.seed, side_pix=side_pix, stars=stars)
        print(f"\n**{side_pix}² pixels, {stars:,} stars**\n\n| {' | '.join(HEADER)} |")
        print("|" + "---|" * len(HEADER))
        for name, method in methods().items():
            measured = timed(lambda: method(field))  # noqa: B023 - used at once
            print(scored(name, measured.cpu_s, matched(field, measured.stars)), flush=True)


if __name__ == "__main__":
    main()
