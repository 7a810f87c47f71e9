"""Where a period shows up that is not there: aliases of the nights, Moon and year, and harmonics of the best.

A star seen once a night is sampled with one cycle a day: a frequency f then also raises peaks at f + 1,
f - 1, 1 - f and so on (VanderPlas 2018, ApJS 236, 16, section 7.2).
"""

from dataclasses import dataclass

SAMPLINGS: dict[str, float] = {"1 d": 1.0, "0.5 d": 0.5, "Moon": 29.530589, "year": 365.25}
HARMONICS: dict[str, float] = {"2P": 2.0, "P/2": 0.5, "3P": 3.0, "P/3": 1.0 / 3.0}
_PEAKS_NEAR = 1.0  # widths of a peak within which a frequency counts as one of the sampling's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One place in a periodogram that belongs to the best period without being another one."""

    label: str
    period_d: float
    is_alias: bool  # of the sampling; else a harmonic

    @property
    def frequency_per_d(self) -> float:
        """How many cycles there are in a day."""
        return 1.0 / self.period_d


def marks(period_d: float, *, shortest_d: float, longest_d: float) -> tuple[Mark, ...]:
    """Return the harmonics and aliases of a period that lie between two others, harmonics first."""
    harmonics = [
        Mark(label=label, period_d=factor * period_d, is_alias=False) for label, factor in HARMONICS.items()
    ]
    frequency = 1.0 / period_d
    aliases = [
        Mark(label=f"{label} {sign}", period_d=1.0 / abs(other), is_alias=True)
        for label, sampling_d in SAMPLINGS.items()
        for sign, other in (("+", frequency + 1.0 / sampling_d), ("−", frequency - 1.0 / sampling_d))
        if abs(other) > 1e-9
    ]
    return tuple(mark for mark in (*harmonics, *aliases) if shortest_d <= mark.period_d <= longest_d)


def sampling_named(period_d: float, *, span_d: float) -> str:
    """Return the sampling whose own period, or half of it, this may be; empty where none is near.

    Near is within the width of a peak, 1/span.
    """
    for label, sampling_d in SAMPLINGS.items():
        for part in (1.0, 2.0):
            if abs(1.0 / period_d - part / sampling_d) * span_d <= _PEAKS_NEAR and span_d > 2.0 * sampling_d:
                return label
    return ""
