"""`tomlake lake ...` and `tomlake snapshot ...`: what they print, refuse, and with which exit code."""

import json

import pytest
from command_line import refusal, runner, said

from tomlake.main import app

pytestmark = pytest.mark.usefixtures("data_dir")


def test_the_health_of_a_lake_is_one_screen_or_one_object() -> None:
    said("lake", "maintain", "--full")
    result = runner.invoke(app, ["lake", "status"])
    assert "photometry" in result.output
    assert "There was nothing to do." in result.output
    assert len(result.output.splitlines()) < 40

    result = runner.invoke(app, ["lake", "status", "--json"])
    facts = json.loads(result.output)
    assert result.exit_code == (1 if facts["problems"] else 0)
    assert facts["last_run"]["scope"] == "full"
    assert {"orphans", "versions", "catalog_bytes", "lock_is_held", "live_files"} <= set(facts)
    assert facts["tables"][0]["name"] == "photometry"


def test_upkeep_by_hand_tells_what_it_did() -> None:
    assert "There was nothing to do. It took" in said("lake", "maintain")


def test_a_version_gets_a_name_is_listed_and_loses_it_after_a_question() -> None:
    assert "paper-2026a is version 1" in said("snapshot", "create", "paper-2026a", "--note", "Table 2")
    assert "Table 2" in said("snapshot", "list")
    assert refusal("snapshot", "create", "Paper-2026A").code == "name-taken"
    assert refusal("snapshot", "delete", "paper-2026a", answer="n\n").code == "not-confirmed"
    assert "paper-2026a" in said("snapshot", "list")
    assert "no name any more" in said("snapshot", "delete", "paper-2026a", answer="y\n")
    assert refusal("snapshot", "delete", "paper-2026a", "--yes").code == "unknown-snapshot"


def test_a_name_may_be_given_to_an_earlier_version_and_never_to_none() -> None:
    assert "is version 1" in said("snapshot", "create", "first", "--at", "1")
    assert "is version 1" in said("snapshot", "create", "again", "--at", "first")
    assert refusal("snapshot", "create", "x", "--at", "1999-01-01").code == "unknown-version"
    assert refusal("snapshot", "create", "x", "--at", "yesterday at noon").code == "bad-as-of"
    assert refusal("snapshot", "create", "2026").code == "bad-name"
