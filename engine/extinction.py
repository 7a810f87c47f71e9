"""Extinction by dust of the Milky Way at the wavelength of a band.

References
----------
Cardelli, Clayton & Mathis 1989, ApJ 345, 245 (infrared, ultraviolet); O'Donnell 1994, ApJ 422, 158 (optical).
"""

import numpy as np

USUAL_R_V = 3.1
LONGEST_NM = 30_000.0  # beyond, dust glows more than it hides
SHORTEST_NM = 125.0
MOST_EBV_MAG = 10.0
# powers of 1/wavelength - 1.82 per micrometre, from the constant up
_OPTICAL_A = (1.0, 0.104, -0.609, 0.701, 1.137, -1.718, -0.827, 1.647, -0.505)
_OPTICAL_B = (0.0, 1.952, 2.908, -3.989, -7.985, 11.102, 5.491, -10.805, 3.347)


def extinction_per_a_v(wavelength_nm: float, *, r_v: float = USUAL_R_V) -> float | None:
    """Return A(wavelength) / A(V), or None outside 125 nm to 30 micrometres."""
    if not SHORTEST_NM <= wavelength_nm <= LONGEST_NM:
        return None
    x = 1000.0 / wavelength_nm  # per micrometre
    if x < 1.1:
        a, b = 0.574 * x**1.61, -0.527 * x**1.61
    elif x < 3.3:
        a, b = (float(np.polynomial.polynomial.polyval(x - 1.82, c)) for c in (_OPTICAL_A, _OPTICAL_B))
    else:
        beyond = max(x - 5.9, 0.0)
        a = 1.752 - 0.316 * x - 0.104 / ((x - 4.67) ** 2 + 0.341)
        a += -0.04473 * beyond**2 - 0.009779 * beyond**3
        b = -3.090 + 1.825 * x + 1.206 / ((x - 4.62) ** 2 + 0.263)
        b += 0.2130 * beyond**2 + 0.1207 * beyond**3
    return float(a + b / r_v)


def extinction_mag(wavelength_nm: float, *, ebv_mag: float) -> float | None:
    """Return how much dust of a reddening E(B-V) dims a wavelength [mag]; None where it is not known."""
    per_a_v = extinction_per_a_v(wavelength_nm)
    return None if per_a_v is None else per_a_v * USUAL_R_V * ebv_mag
