"""Lines that spectra of stars, supernovae and active galaxies show, and where a redshift moves them.

Wavelengths at rest in air, from the NIST Atomic Spectra Database (Kramida et al.); the
conversion to vacuum is that of Morton 2000, ApJS 130, 403.
"""

from dataclasses import dataclass

MOST_REDSHIFT = 10.0
_VACUUM_ONLY_BELOW_ANGSTROM = 2000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectralLine:
    """One line; what the air of the Earth absorbs does not move with the target."""

    name: str
    group: str
    rest_angstrom: float  # in air
    is_telluric: bool = False


_REST: dict[str, tuple[tuple[str, float], ...]] = {
    "Hydrogen": (
        ("Hα", 6562.79), ("Hβ", 4861.35), ("Hγ", 4340.47), ("Hδ", 4101.73), ("Hε", 3970.08),
        ("Paγ", 10938.09), ("Paβ", 12818.07),
    ),
    "Helium": (
        ("He I", 3888.65), ("He I", 4471.48), ("He I", 5015.68), ("He I", 5875.62), ("He I", 6678.15),
        ("He I", 7065.19), ("He I", 10830.34), ("He II", 4685.70), ("He II", 5411.52),
    ),
    "Calcium": (
        ("Ca II K", 3933.66), ("Ca II H", 3968.47), ("Ca II", 8498.02), ("Ca II", 8542.09),
        ("Ca II", 8662.14),
    ),
    "Sodium": (("Na I D2", 5889.95), ("Na I D1", 5895.92)),
    "Magnesium": (("Mg I b", 5183.60), ("Mg I b", 5172.68), ("Mg I b", 5167.32), ("Mg II", 4481.21)),
    "Silicon": (("Si II", 6347.11), ("Si II", 6371.37), ("Si II", 5041.02), ("Si II", 5055.98)),
    "Iron": (("Fe II", 4923.93), ("Fe II", 5018.44), ("Fe II", 5169.03)),
    "Oxygen": (("O I", 7771.94), ("O I", 8446.36)),
    "Nebular": (
        ("[O II]", 3726.03), ("[O II]", 3728.82), ("[O III]", 4363.21), ("[O III]", 4958.91),
        ("[O III]", 5006.84), ("[N II]", 6548.05), ("[N II]", 6583.45), ("[S II]", 6716.44),
        ("[S II]", 6730.82),
    ),
}  # fmt: skip
_OF_THE_AIR = (("O₂ B", 6867.2), ("O₂ A", 7593.7), ("H₂O", 7186.0))
AIR_OF_EARTH = "Air of the Earth"

LINES = (
    *(
        SpectralLine(name=name, group=group, rest_angstrom=rest)
        for group, lines in _REST.items()
        for name, rest in lines
    ),
    *(
        SpectralLine(name=name, group=AIR_OF_EARTH, rest_angstrom=rest, is_telluric=True)
        for name, rest in _OF_THE_AIR
    ),
)
GROUPS = (*_REST, AIR_OF_EARTH)


def in_vacuum(air_angstrom: float) -> float:
    """Return the wavelength in vacuum of one in air; below 2000 Å both are written alike."""
    if air_angstrom < _VACUUM_ONLY_BELOW_ANGSTROM:
        return air_angstrom
    s2 = (1e4 / air_angstrom) ** 2
    refraction = 8.336624212083e-5 + 0.02408926869968 / (130.1065924522 - s2)
    return air_angstrom * (1.0 + refraction + 1.599740894897e-4 / (38.92568793293 - s2))


def observed_angstrom(line: SpectralLine, *, redshift: float, vacuum: bool) -> float:
    """Return where a line is seen in a spectrum whose wavelengths are of air or of vacuum."""
    moved = 1.0 if line.is_telluric else 1.0 + redshift
    return (in_vacuum(line.rest_angstrom) if vacuum else line.rest_angstrom) * moved
