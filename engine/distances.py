"""Distance moduli, from a distance or from a redshift."""

import math
from importlib import import_module

from engine.errors import Rejected

_MODULUS_PC = 10.0
MOST_REDSHIFT = 15.0
MOST_PC = 3e10


def modulus_of_distance(distance_pc: float) -> float:
    """Return the distance modulus [mag] of a distance.

    Raises
    ------
    Rejected
        ``bad-distance``: not between 1e-6 and 3e10 parsecs.
    """
    if not 1e-6 <= distance_pc <= MOST_PC:
        raise Rejected("A distance must be positive, and below 30 Gpc.", code="bad-distance")
    return 5.0 * math.log10(distance_pc / _MODULUS_PC)


def modulus_of_redshift(redshift: float) -> float:
    """Return the distance modulus [mag] of a redshift in the cosmology of Planck 2018, without K correction.

    Raises
    ------
    Rejected
        ``bad-redshift``: not above 0.0001, where galaxies flow, or beyond 15.
    """
    if not 1e-4 <= redshift <= MOST_REDSHIFT:
        raise Rejected(
            "A redshift must lie between 0.0001 and 15; give a nearer target's distance.", code="bad-redshift"
        )
    cosmology = import_module("astropy.cosmology").Planck18  # starts slowly, and few targets have a redshift
    return float(cosmology.distmod(redshift).value)
