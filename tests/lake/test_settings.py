"""Settings come from TOMLAKE_* once, and say where each comes from."""

import dataclasses
from pathlib import Path

import pytest

from engine.brokers.asking.accounts import ACCOUNTS
from engine.errors import Rejected
from lake.settings import child_environment, read_settings


def test_without_any_variable_everything_lies_in_one_folder() -> None:
    settings = read_settings({})

    assert settings.data_dir == Path("tomlake-data").absolute()
    assert settings.operations_url == f"sqlite:///{settings.data_dir}/operations.sqlite"
    assert settings.raw_url == str(settings.data_dir / "raw")
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8501, "http://127.0.0.1:8501")
    assert settings.origin("port") == "default"


def test_a_variable_wins_and_is_named_as_the_origin() -> None:
    settings = read_settings(
        {"TOMLAKE_PORT": "9000", "TOMLAKE_DATA": "/srv/lake", "TOMLAKE_INDEX_DIR": "/srv/index"}
    )

    assert settings.port == 9000
    assert settings.catalog_url == "sqlite:////srv/lake/catalog.sqlite"
    assert settings.index_dir == Path("/srv/index")
    assert settings.origin("port") == "TOMLAKE_PORT"
    assert settings.origin("catalog_url") == "default"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80.5", "http", "٨٠"])
def test_a_port_that_cannot_be_is_refused_in_one_sentence(port: str) -> None:
    with pytest.raises(Rejected, match=r"TOMLAKE_PORT is .* whole number from 1 to 65535") as refused:
        read_settings({"TOMLAKE_PORT": port})

    assert refused.value.code == "bad-setting"


def test_web_servers_in_front_are_addresses_or_networks() -> None:
    settings = read_settings({"TOMLAKE_PROXIES": " 10.1.2.3, 172.16.0.0/12,::1 "})
    assert settings.proxies == "10.1.2.3/32,172.16.0.0/12,::1/128"
    with pytest.raises(Rejected, match=r"TOMLAKE_PROXIES is '\*'; give addresses or networks"):
        read_settings({"TOMLAKE_PROXIES": "*"})  # it would let every visitor choose an address


def test_an_empty_variable_counts_as_none() -> None:
    assert read_settings({"TOMLAKE_WORKERS": ""}).workers == 1


def test_a_misspelt_variable_is_told(caplog: pytest.LogCaptureFixture) -> None:
    read_settings({"TOMLAKE_PROT": "9000"})

    assert "TOMLAKE_PROT is no setting" in caplog.text


def test_what_is_shown_names_every_field_and_no_password() -> None:
    settings = read_settings({"TOMLAKE_OPERATIONS_URL": "postgresql+psycopg://tom:hunter2@db/tomlake"})

    shown = settings.shown()

    assert [name for name, _, _ in shown] == [
        *(field.name for field in dataclasses.fields(settings) if field.name not in {"origins", "accounts"}),
        *ACCOUNTS,
    ]
    assert ("operations_url", "postgresql+psycopg://tom:***@db/tomlake", "TOMLAKE_OPERATIONS_URL") in shown
    assert "hunter2" not in str(shown)


def test_an_account_at_an_archive_is_read_handed_to_children_and_never_shown() -> None:
    settings = read_settings({"TOMLAKE_ATLAS_TOKEN": "hunter2"})
    assert settings.secrets == {"atlas_token": "hunter2"}
    assert ("atlas_token", "***", "TOMLAKE_ATLAS_TOKEN") in settings.shown()
    assert "hunter2" not in repr(settings)
    assert child_environment(settings)["TOMLAKE_ATLAS_TOKEN"] == "hunter2"


def test_settings_can_be_the_key_of_a_cache() -> None:
    assert hash(read_settings({})) == hash(read_settings({}))
