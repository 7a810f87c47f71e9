"""The doctor names what is broken and what is unwise, and says what to do."""

from pathlib import Path

from installations import settings_in

from engine.errors import Rejected
from lake.doctor import State, examine
from lake.opening import Lake, open_lake
from lake.people.accounts import create_user
from lake.settings import Settings


def states(settings: Settings, lake: Lake) -> dict[str, State]:
    return {finding.about: finding.state for finding in examine(settings, lambda: lake)}


def test_a_new_installation_is_told_what_it_lacks(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path / "data", TOMLAKE_PUBLIC_URL="http://tomlake.example.org", TOMLAKE_REQUESTS_PER_MIN="0"
    )
    lake = open_lake(settings)
    found = states(settings, lake)
    lake.close()
    unwise = {about for about, state in found.items() if state == State.UNWISE}
    assert {"address", "backup", "limits", "staff"} <= unwise
    assert (found["lake"], found["jobs"]) == (State.WELL, State.WELL)


def test_one_that_is_set_up_well_is_well(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path / "data",
        TOMLAKE_PUBLIC_URL="https://tomlake.example.org",
        TOMLAKE_BACKUP_URL=str(tmp_path / "backup"),
    )
    lake = open_lake(settings)
    create_user(lake.operations, "admin", "right horse", is_staff=True)
    found = states(settings, lake)
    lake.close()
    found.pop("data folder")  # how full this machine is, is not ours to say
    assert set(found.values()) == {State.WELL}


def test_what_leaves_a_door_open_is_unwise(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path / "data",
        TOMLAKE_HOST="0.0.0.0",
        TOMLAKE_UPLOADS_PER_DAY="0",
        TOMLAKE_OIDC="orcid,near",
        TOMLAKE_OIDC_ORCID_CLIENT_ID="APP-1",
        TOMLAKE_OIDC_NEAR_ISSUER="http://localhost:9000",
        TOMLAKE_OIDC_NEAR_CLIENT_ID="me",
        TOMLAKE_OIDC_NEAR_CLIENT_SECRET="s",
    )
    found = {each.about: each for each in examine(settings, _never)}
    for about, words in (
        ("names", "TOMLAKE_PUBLIC_URL"),
        ("uploads", "TOMLAKE_UPLOADS_PER_DAY"),
        ("sign-in orcid", "TOMLAKE_OIDC_ORCID_CLIENT_SECRET"),
        ("sign-in near", "without https"),
    ):
        assert found[about].state == State.UNWISE
        assert words in found[about].sentence


def test_one_that_cannot_be_opened_is_broken_in_its_own_words(tmp_path: Path) -> None:
    def refusing() -> Lake:
        raise Rejected("A newer tomlake made this operational database.", code="newer-database")

    broken = [
        each for each in examine(settings_in(tmp_path / "data"), refusing) if each.state == State.BROKEN
    ]
    assert [each.sentence for each in broken] == ["A newer tomlake made this operational database."]


def test_no_finding_tells_a_secret(tmp_path: Path) -> None:
    secret = "hunter2hunter2"
    settings = settings_in(tmp_path / "data", TOMLAKE_BACKUP_URL=f"s3://key:{secret}@host/b")
    sentences = [each.sentence for each in examine(settings, _never)]
    assert len(sentences) > 4
    assert secret not in " ".join(sentences)


def _never() -> Lake:
    raise Rejected("Not opened.", code="bad-setting")
