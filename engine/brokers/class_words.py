"""What brokers call a class, as one of tomlake's classes."""

from engine.target import CLASSES

_PLAIN = {name.lower(): name for name in CLASSES}
# By the beginning of the broker's word; the longer beginning first where one begins another.
_BEGINNINGS: tuple[tuple[str, str], ...] = (
    ("slsn", "SLSN"),
    ("sn impostor", "Supernova impostor"),
    ("sn", "SN"),
    ("early sn", "SN"),
    ("supernova", "SN"),
    ("most_likely_sn", "SN"),
    ("nova", "Nova"),
    ("tde", "TDE"),
    ("cv", "CV"),
    ("cataclysmic", "CV"),
    ("dwarf nova", "CV"),
    ("microlens", "Microlensing Event"),
    ("ulens", "Microlensing Event"),
    ("blazar", "BL Lac"),
    ("bllac", "BL Lac"),
    ("agn", "AGN"),
    ("seyfert", "AGN"),
    ("qso", "QSO"),
    ("yso", "YSO"),
    ("lpv", "LPV"),
    ("mira", "LPV"),
    ("cep", "CEPH"),
    ("rrl", "RR Lyrae Variable"),
    ("eb", "EB"),
    ("eclbin", "EB"),
    ("galaxy", "Galaxy"),
    ("xrb", "XRB"),
    ("lbv", "LBV"),
)


def class_of(words: str) -> str:
    """Return the class that a broker's word means, ``Unknown`` where it says nothing clear."""
    plain = words.strip().rpartition(":")[2].lower()
    if plain in _PLAIN:
        return _PLAIN[plain]
    return next((name for start, name in _BEGINNINGS if plain.startswith(start)), "Unknown")
