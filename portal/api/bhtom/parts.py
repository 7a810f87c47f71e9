"""The parts of BHTOM's API that are kept here."""

from portal.api.bhtom import (
    archive,
    calib_file,
    calibrations,
    camera_lists,
    first_uploads,
    light_curves,
    measurements,
    observatories,
    people,
    products,
    restart,
    target_changes,
)

BHTOM_PARTS = (
    light_curves, target_changes, observatories, camera_lists, people, products, measurements, calibrations,
    archive, calib_file, restart, first_uploads,
)  # fmt: skip
