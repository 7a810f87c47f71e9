"""`tomlake group`, `token` and `observatory import`: what they print, keep and refuse."""

from pathlib import Path

import pytest
from command_line import refusal, said

from lake.opening import open_lake
from lake.people.accounts import Scope
from lake.people.tokens import bearer_of
from lake.settings import read_settings


@pytest.fixture(autouse=True)
def surroundings(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOMLAKE_NEW_PASSWORD", "right horse")
    monkeypatch.setenv("COLUMNS", "200")


def test_a_group_is_made_led_filled_and_deleted() -> None:
    for name in ("ada", "bob"):
        said("user", "add", name)
    assert refusal("group", "add", "Owls", "--leader", "nobody").code == "unknown-user"
    assert "led by ada" in said("group", "add", "Owls", "--leader", "ada")
    said("group", "member", "owls", "bob", "--role", "editor")
    shown = said("group", "show", "Owls")
    assert [word in shown for word in ("ada", "leader", "bob", "editor")] == [True] * 4
    said("group", "remove", "Owls", "bob")
    assert "bob" not in said("group", "show", "Owls")
    said("group", "delete", "Owls")
    assert refusal("group", "show", "Owls").code == "unknown-group"
    assert "member gone" in said("audit", "--kind", "change")


def test_a_token_has_scopes_an_end_and_is_renewed_and_revoked() -> None:
    said("user", "add", "ada")
    words = ("--scope", "read", "--scope", "upload", "--days", "30", "--name", "dome")
    secret = said("token", "make", "ada", *words).strip()
    plain = said("token", "ada").strip()  # as before there were scopes
    fresh = said("token", "rotate", "ada", "1").strip()
    lake = open_lake(read_settings())
    assert bearer_of(lake.operations, secret) is None
    bearer = bearer_of(lake.operations, fresh)
    assert bearer is not None
    assert bearer.scopes == {Scope.READ, Scope.UPLOAD}
    everything = bearer_of(lake.operations, plain)
    assert everything is not None
    assert everything.scopes == set(Scope)
    lake.close()
    listed = said("token", "list", "ada")
    assert "read, upload" in listed
    assert fresh not in listed
    said("token", "revoke", "ada", "3")
    assert refusal("token", "revoke", "ada", "3").code == "unknown-token"
    assert refusal("token", "rotate", "ada", "9").code == "unknown-token"
    assert refusal("token", "ada", "--days", "0").code == "bad-token"


def test_observatories_are_judged_first_and_stored_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "sites.csv"
    file.write_text("name,lon,lat,camera_name\nHill,21,52,CCD\nDale,21,95,CCD\n")
    assert refusal("observatory", "import", str(file), "--store").code == "rows-refused"
    assert "Hill" not in said("observatory", "list")
    file.write_text("name,lon,lat,camera_name\nHill,21,52,CCD\n")
    assert "add --store" in said("observatory", "import", str(file))
    assert "Hill" not in said("observatory", "list")
    said("observatory", "import", str(file), "--store")
    assert "Hill_CCD" in said("observatory", "list")
    assert "known" in said("observatory", "import", str(file), "--store")
    assert "out of use" in said("observatory", "approve", "Hill_CCD", "--refuse")
    assert refusal("observatory", "import", str(tmp_path / "none.csv")).code == "bad-csv"
