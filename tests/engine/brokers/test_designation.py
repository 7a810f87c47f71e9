"""Designations of Solar System bodies among names."""

import pytest

from engine.brokers.designation import Designation, designation_of, first_designation, needed_designation
from engine.errors import Rejected


@pytest.mark.parametrize(
    ("name", "text", "is_comet"),
    [
        ("12893", "12893", False), ("(12893)", "12893", False), ("(1) Ceres", "1", False),
        ("1 Ceres", "1", False), ("00433", "433", False), ("2024 YR4", "2024 YR4", False),
        ("2024YR4", "2024 YR4", False), ("(12893) 1998 QS55", "1998 QS55", False),
        ("A801 AA", "A801 AA", False), ("2040 P-L", "2040 P-L", False), ("2P", "2P", True),
        ("2P/Encke", "2P", True), ("3I", "3I", True), ("3I/ATLAS", "3I", True),
        ("C/2025 N1 (ATLAS)", "C/2025 N1", True), ("C2025 N1", "C/2025 N1", True),
        ("P/2010 A2", "P/2010 A2", True), ("73P-B", "73P", True),
    ],
)  # fmt: skip
def test_designations_are_written_as_the_minor_planet_center_does(
    name: str, text: str, is_comet: bool
) -> None:
    assert designation_of(name) == Designation(text=text, is_comet=is_comet)


@pytest.mark.parametrize(
    "name", ["", "Ceres", "Gaia22dkv", "3C 273", "SN 2011fe", "AT2019dsg", "4FGL J1104.4+3812"]
)
def test_other_names_are_none(name: str) -> None:
    assert designation_of(name) is None


def test_the_first_designation_among_names_is_taken() -> None:
    found = first_designation(("The comet", "3I/ATLAS", "C/2025 N1"))
    assert found == Designation(text="3I", is_comet=True)


def test_a_target_without_a_designation_is_told_to_get_one() -> None:
    with pytest.raises(Rejected) as refusal:
        needed_designation(("My star",), title="An archive")
    assert refusal.value.code == "no-designation"
