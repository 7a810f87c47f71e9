"""What each class of target is, in one sentence for readers who are new to it."""

MEANINGS: dict[str, str] = {
    "Unknown": "Nobody has said yet what this object is: more observations will tell.",
    "Be-star outburst": (
        "A hot, fast-spinning star that throws gas into a disc around itself and brightens for weeks to "
        "years."
    ),
    "AGN": (
        "An active galactic nucleus: a giant black hole in a galaxy's centre that swallows gas and flickers."
    ),
    "BL Lac": "A galaxy whose black hole points a jet at us, so that it varies quickly and strongly.",
    "CV": (
        "A cataclysmic variable: a white dwarf that pulls gas from a companion and bursts from time to time."
    ),
    "CEPH": "A Cepheid: a pulsating giant whose period tells its true brightness, and so its distance.",
    "EB": "An eclipsing binary: two stars that hide each other in turn.",
    "Galaxy": "A galaxy, watched because something in it may change.",
    "GWOC": "A possible optical counterpart of a gravitational-wave event.",
    "LPV": "A long-period variable: a cool giant that pulsates over months to years.",
    "LBV": "A luminous blue variable: one of the most massive stars, in an unstable stage with eruptions.",
    "M-dwarf flare": "A small red star that brightens for minutes or hours when its magnetic field snaps.",
    "Microlensing Event": (
        "A star in the background that brightens because the gravity of another object bends its light."
    ),
    "Nova": "A white dwarf whose surface explodes after gathering hydrogen from a companion.",
    "Peculiar Supernova": "An exploded star that does not fit the usual types.",
    "Planetary Transit": "A star that dims a little each time its planet passes in front of it.",
    "QSO": "A quasar: a very distant and very bright active galactic nucleus.",
    "RCrB": "An R Coronae Borealis star: it fades suddenly by many magnitudes behind its own soot.",
    "RR Lyrae Variable": (
        "An old star that pulsates in less than a day; a yardstick for distances in our Galaxy."
    ),
    "SSO": "A body of our own solar system.",
    "Star": "A star, watched for changes.",
    "SN": "A supernova: a star that explodes and outshines its galaxy for weeks.",
    "SLSN": "A superluminous supernova: an explosion ten times brighter than the usual ones.",
    "Supernova impostor": "A massive star whose eruption looked like a supernova, yet the star survived.",
    "Symbiotic star": "A red giant and a hot white dwarf that share gas and flare up irregularly.",
    "TDE": "A tidal disruption event: a star torn apart by a giant black hole.",
    "Variable star-other": "A star that varies in a way the usual classes do not describe.",
    "XRB": "An X-ray binary: a neutron star or black hole that pulls gas from a companion.",
    "Xray-transient": "A source that flared up in X-rays.",
    "YSO": "A young stellar object: a star still gathering gas from the cloud it was born in.",
}


def meaning_of(classification: str) -> str:
    """Return one sentence on a class, empty for a class without one."""
    return MEANINGS.get(classification, "")
