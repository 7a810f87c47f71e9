"""The parts of BHTOM's API that are kept here."""

from portal.api.bhtom import (
    calibrations,
    light_curves,
    measurements,
    observatories,
    people,
    products,
    restart,
    target_changes,
)

BHTOM_PARTS = (
    light_curves, target_changes, observatories, people, products, measurements, calibrations, restart,
)  # fmt: skip
