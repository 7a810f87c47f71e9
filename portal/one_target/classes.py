"""What each class of target is, in one sentence for readers who are new to it."""

from portal.words import _, marked

MEANINGS: dict[str, str] = {
    "Unknown": marked("Nobody has said yet what this object is: more observations will tell."),
    "Be-star outburst": marked(
        "A hot, fast-spinning star that throws gas into a disc around itself and brightens for weeks to "
        "years."
    ),
    "AGN": marked(
        "An active galactic nucleus: a giant black hole in a galaxy's centre that swallows gas and flickers."
    ),
    "BL Lac": marked("A galaxy whose black hole points a jet at us, so that it varies quickly and strongly."),
    "CV": marked(
        "A cataclysmic variable: a white dwarf that pulls gas from a companion and bursts from time to time."
    ),
    "CEPH": marked(
        "A Cepheid: a pulsating giant whose period tells its true brightness, and so its distance."
    ),
    "EB": marked("An eclipsing binary: two stars that hide each other in turn."),
    "Galaxy": marked("A galaxy, watched because something in it may change."),
    "GWOC": marked("A possible optical counterpart of a gravitational-wave event."),
    "LPV": marked("A long-period variable: a cool giant that pulsates over months to years."),
    "LBV": marked(
        "A luminous blue variable: one of the most massive stars, in an unstable stage with eruptions."
    ),
    "M-dwarf flare": marked(
        "A small red star that brightens for minutes or hours when its magnetic field snaps."
    ),
    "Microlensing Event": marked(
        "A star in the background that brightens because the gravity of another object bends its light."
    ),
    "Nova": marked("A white dwarf whose surface explodes after gathering hydrogen from a companion."),
    "Peculiar Supernova": marked("An exploded star that does not fit the usual types."),
    "Planetary Transit": marked("A star that dims a little each time its planet passes in front of it."),
    "QSO": marked("A quasar: a very distant and very bright active galactic nucleus."),
    "RCrB": marked("An R Coronae Borealis star: it fades suddenly by many magnitudes behind its own soot."),
    "RR Lyrae Variable": marked(
        "An old star that pulsates in less than a day; a yardstick for distances in our Galaxy."
    ),
    "SSO": marked("A body of our own solar system."),
    "Star": marked("A star, watched for changes."),
    "SN": marked("A supernova: a star that explodes and outshines its galaxy for weeks."),
    "SLSN": marked("A superluminous supernova: an explosion ten times brighter than the usual ones."),
    "Supernova impostor": marked(
        "A massive star whose eruption looked like a supernova, yet the star survived."
    ),
    "Symbiotic star": marked("A red giant and a hot white dwarf that share gas and flare up irregularly."),
    "TDE": marked("A tidal disruption event: a star torn apart by a giant black hole."),
    "Variable star-other": marked("A star that varies in a way the usual classes do not describe."),
    "XRB": marked("An X-ray binary: a neutron star or black hole that pulls gas from a companion."),
    "Xray-transient": marked("A source that flared up in X-rays."),
    "YSO": marked("A young stellar object: a star still gathering gas from the cloud it was born in."),
}


def meaning_of(classification: str) -> str:
    """Return one sentence on a class, empty for a class without one."""
    return _(MEANINGS.get(classification, ""))
