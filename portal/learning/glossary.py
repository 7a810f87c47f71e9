"""Words of the portal for readers who meet them for the first time."""

import streamlit as st

from portal.parts import fact_list
from portal.words import _, marked

WORDS: dict[str, str] = {
    marked("Airmass"): marked(
        "How much air the light crosses: 1 straight above you, about 2 at 30° above the horizon."
    ),
    marked("Alert"): marked("A message of a survey: something in the sky changed."),
    marked("Aperture"): marked("The circle on a picture within which the light of a star is added up."),
    marked("Archive"): marked("A store of earlier measurements, such as those of the space mission Gaia."),
    marked("Band"): marked(
        "The range of colours that a filter lets through. Brightness is always told in a band."
    ),
    marked("Cadence"): marked("How often an object is looked at."),
    marked("Calibration"): marked(
        "Turning what a camera counted into magnitudes, with stars of known brightness."
    ),
    marked("Comparison star"): marked("A star near the target whose brightness is known already."),
    marked("Declination"): marked(
        "How far north (+) or south (−) of the sky's equator something stands, in degrees."
    ),
    marked("Error bar"): marked(
        "How sure a measurement is: 1 sigma, within which about two in three true values lie."
    ),
    marked("FITS"): marked(
        "The file format of astronomy: a picture with a list of facts about it, the header."
    ),
    marked("Flux"): marked("The amount of light that arrives."),
    marked("Limit"): marked("Nothing was seen: had the object been brighter than this, it would have been."),
    marked("Light curve"): marked("Brightness drawn against time."),
    marked("Magnitude"): marked(
        "Brightness on a scale that runs backwards: 5 magnitudes less is 100 times more light."
    ),
    marked("MJD"): marked(
        "Modified Julian Date: days counted from 17 November 1858. It makes times easy to subtract."
    ),
    marked("Period"): marked("The time after which a change begins anew."),
    marked("Phase"): marked(
        "Where within its period a change stands, from 0 to 1. The phase angle of a body of the Solar "
        "System is another thing: the angle between Sun and observer, seen from the body."
    ),
    marked("Plate solution"): marked(
        "Finding out from the pattern of stars where on the sky a picture was taken."
    ),
    marked("Right ascension"): marked(
        "The longitude of the sky, in degrees or in hours (24 hours are 360°)."
    ),
    marked("Saturation"): marked(
        "A star so bright that the camera's pixels are full: nobody can tell how bright."
    ),
    marked("Seeing"): marked("How wide the unquiet air smears a star, in seconds of arc."),
    marked("Simulated"): marked(
        "Made up by a program to try things out. It is marked, and no such object exists."
    ),
    marked("Survey"): marked("A telescope that looks at much of the sky again and again, by itself."),
    marked("Target"): marked("An object that the portal follows."),
    marked("Transient"): marked("Something that appears on the sky and fades again, such as a supernova."),
    marked("UTC"): marked("The time that everybody uses together, whatever the clock on the wall says."),
    marked("Zero point"): marked("What must be added to a camera's own magnitudes to get true ones."),
}


def glossary() -> None:
    """Show the words in order."""
    asked = st.text_input(_("Find a word"), key="learn_word", width=320).strip().lower()
    known = sorted(((_(word), _(said)) for word, said in WORDS.items()), key=lambda row: row[0].casefold())
    shown = {word: said for word, said in known if asked in f"{word} {said}".lower()}
    if shown:
        fact_list(shown)
    else:
        st.info(_("No word fits: try a shorter part of it."))
