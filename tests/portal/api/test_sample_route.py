"""The header of a sample frame, read for the form of a new camera: for people with an account only."""

import httpx
import numpy as np
from astropy.io import fits

from engine.photometry.reading.first_look import FIRST_BYTES

AT = "/session/sample-frame"


def start_of_a_frame() -> bytes:
    unit = fits.PrimaryHDU(np.zeros((600, 800), dtype=np.int16))
    unit.header.update({"DATE-OBS": "2026-03-01T22:10:00", "EXPTIME": 60.0, "EGAIN": 1.4, "TELESCOP": "C11"})
    return unit.header.tostring().encode() + b"\0" * 2880


def test_a_header_is_read_and_nothing_is_kept(owner: httpx.Client) -> None:
    before = owner.get("/api/v1/uploads").json()
    told = owner.put(AT, content=start_of_a_frame())
    assert told.status_code == 200
    facts = told.json()
    assert (facts["width_pix"], facts["height_pix"]) == (800, 600)
    assert (facts["gain_e_adu"], facts["telescope"], facts["read_noise_e"]) == (1.4, "C11", None)
    assert owner.get("/api/v1/uploads").json() == before


def test_without_an_account_too_long_or_no_frame_it_is_refused(
    owner: httpx.Client, anybody: httpx.Client
) -> None:
    assert anybody.put(AT, content=start_of_a_frame()).status_code == 401
    for body, code in ((b"\x89PNG" * 99, "not-fits"), (b"S" * (FIRST_BYTES + 1), "upload-too-large")):
        refused = owner.put(AT, content=body)
        assert (refused.status_code, refused.json()["code"]) == (400, code)
