"""`tomlake target duplicates`, `merge` and `unmerge`: what they print, and that an undone merge is undone."""

import pytest
from command_line import refusal, said

pytestmark = pytest.mark.usefixtures("data_dir")


def test_a_target_that_was_added_twice_becomes_one_and_two_again() -> None:
    said("target", "add", "Star", "--ra", "0.0001", "--dec", "20")
    said("target", "add", "Star again", "--ra", "359.9990", "--dec", "20")
    assert "0 pairs within 3 arcsec" in said("target", "duplicates")
    pairs = said("target", "duplicates", "--radius", "10")
    assert "Star again" in pairs
    assert "3.72" in pairs  # 3.96 arcsec of right ascension, at 20 degrees
    assert "tomlake target unmerge 1" in said("target", "merge", "Star", "2")
    assert "Star again (merged)" in said("target", "show", "Star again")
    assert "1 targets" in said("target", "list")
    assert "Star again" in said("target", "unmerge")
    assert "two targets again" in said("target", "unmerge", "1")
    assert "2 targets" in said("target", "list")
    assert "No targets are merged." in said("target", "unmerge")
    assert refusal("target", "unmerge", "1").code == "already-parted"
