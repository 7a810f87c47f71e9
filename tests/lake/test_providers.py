"""Sign-in services come from the settings, with their secrets, which nothing shows."""

from pathlib import Path

import pytest

from engine.errors import Rejected
from lake.settings import child_environment, read_settings

UNI = {
    "TOMLAKE_OIDC": "uni",
    "TOMLAKE_OIDC_UNI_ISSUER": "https://id.uni.example",
    "TOMLAKE_OIDC_UNI_CLIENT_ID": "me",
}


def test_orcid_needs_only_what_orcid_gave() -> None:
    given = {"TOMLAKE_OIDC": " ORCID ", "TOMLAKE_OIDC_ORCID_CLIENT_ID": "APP-1"}
    (orcid,) = read_settings(given).providers
    assert (orcid.name, orcid.title, orcid.issuer, orcid.scope) == (
        "orcid", "ORCID", "https://orcid.org", "openid",
    )  # fmt: skip


def test_a_secret_comes_from_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    place = tmp_path / "secret"
    place.write_text("hunter2\n")
    settings = read_settings({**UNI, "TOMLAKE_OIDC_UNI_CLIENT_SECRET_FILE": str(place)})
    assert settings.providers[0].client_secret == "hunter2"
    assert ("providers", "uni", "TOMLAKE_OIDC") in settings.shown()
    assert "hunter2" not in f"{settings}{settings.shown()}"


def test_a_program_that_this_one_starts_has_the_same_services_and_limits() -> None:
    given = {**UNI, "TOMLAKE_OIDC_UNI_CLIENT_SECRET": "s", "TOMLAKE_REQUESTS_PER_MIN": "0"}
    settings = read_settings(given)
    started = read_settings(child_environment(settings))
    assert started.providers == settings.providers
    assert started.requests_per_min == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"TOMLAKE_OIDC_UNI_ISSUER": ""}, "set TOMLAKE_OIDC_UNI_ISSUER"),
        ({"TOMLAKE_OIDC_UNI_CLIENT_ID": ""}, "set TOMLAKE_OIDC_UNI_CLIENT_ID"),
        ({"TOMLAKE_OIDC_UNI_ISSUER": "http://id.uni.example"}, "https://"),
        ({"TOMLAKE_OIDC": "../up"}, "letters and digits"),
        ({"TOMLAKE_OIDC_UNI_CLIENT_SECRET_FILE": "/nowhere/secret"}, "cannot be read"),
    ],
)
def test_a_service_that_cannot_be_used_is_refused_in_one_sentence(
    changes: dict[str, str], words: str
) -> None:
    with pytest.raises(Rejected, match=words) as refused:
        read_settings(UNI | changes)
    assert refused.value.code == "bad-setting"


def test_a_variable_of_a_service_that_is_not_named_is_told(caplog: pytest.LogCaptureFixture) -> None:
    read_settings(UNI | {"TOMLAKE_OIDC_UNY_TITLE": "x"})
    assert "TOMLAKE_OIDC_UNY_TITLE is no setting" in caplog.text
    assert "UNI" not in caplog.text
