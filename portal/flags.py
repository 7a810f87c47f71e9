"""The flags of points, in the language of the reader."""

from engine.lightcurve import Flag
from portal.words import _, marked

FLAG_TEXTS: dict[Flag, str] = {  # engine.lightcurve.FLAG_WORDS, which files and the API tell in English
    Flag.SIMULATED: marked("simulated"),
    Flag.SATURATED: marked("saturated"),
    Flag.BLENDED: marked("blended with a neighbour"),
    Flag.NEAR_EDGE: marked("near the edge of the frame"),
    Flag.BAD_PIXEL: marked("bad pixel in the aperture"),
    Flag.FEW_REFERENCE_STARS: marked("few reference stars"),
    Flag.NON_STANDARD_BAND: marked("camera's band is far from the standard one"),
    Flag.POOR_QUALITY_AT_SOURCE: marked("marked as poor by the archive"),
    Flag.TIME_UNCERTAIN: marked("time uncertain by more than a minute"),
    Flag.APERTURE_ONLY: marked("aperture photometry"),
    Flag.DIFFERENCE: marked("difference from a reference image"),
    Flag.HIDDEN: marked("hidden"),
}


def flags_text(flags: int) -> str:
    """Return the flags of one point in the reader's words, separated by semicolons."""
    return "; ".join(_(text) for flag, text in FLAG_TEXTS.items() if flags & flag)
