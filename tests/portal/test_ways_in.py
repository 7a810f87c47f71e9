"""Signing in through another service, on the page: buttons where it is set up, and links that can be cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from page_lakes import PASSWORD
from page_visits import visit, words
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.testing.v1 import AppTest

from lake.opening import Lake, open_lake
from lake.people.accounts import create_user, open_session
from lake.people.identities import Identity, account_of
from lake.settings import SignUp, read_settings
from portal import opened

ORCID = {"TOMLAKE_OIDC": "orcid", "TOMLAKE_OIDC_ORCID_CLIENT_ID": "APP-1"}


@pytest.fixture
def orcid_lake(tmp_path: Path) -> Iterator[Lake]:
    lake = open_lake(read_settings({"TOMLAKE_DATA": str(tmp_path), **ORCID}))
    opened.use_lake(lake)
    yield lake
    lake.close()


def ways(at: AppTest) -> list[str]:
    """Return the data of the elements that offer a service."""
    protos = [
        element.proto for element in at.main if isinstance(getattr(element, "proto", None), BidiComponent)
    ]
    return [proto.json for proto in protos if proto.component_name.endswith("ways_in")]


def test_a_service_is_offered_only_where_it_is_set_up(empty_lake: Lake) -> None:
    assert ways(visit("account")) == []


def test_somebody_without_an_account_is_offered_orcid(orcid_lake: Lake) -> None:
    (offered,) = ways(visit("account"))
    assert "Sign in with ORCID" in offered


def test_what_is_linked_is_shown_and_unlinked(orcid_lake: Lake, signed_in) -> None:  # noqa: ANN001
    user = create_user(orcid_lake.operations, "josiah", PASSWORD)
    identity = Identity(provider="https://orcid.org", subject="0000-0002-1825-0097")
    account_of(orcid_lake.operations, identity, signed_in=user)
    signed_in(open_session(orcid_lake.operations, user))
    at = visit("account")
    assert "0000-0002-1825-0097" in words(at)
    next(button for button in at.button if button.label == "Unlink").click().run()
    assert not at.exception
    assert "0000-0002-1825-0097" not in words(at)


def test_the_only_way_in_stays_and_the_page_says_why(orcid_lake: Lake, signed_in) -> None:  # noqa: ANN001
    identity = Identity(provider="https://orcid.org", subject="0000-0002-1825-0097")
    found = account_of(orcid_lake.operations, identity, signed_in=None, sign_up=SignUp.OPEN)
    signed_in(open_session(orcid_lake.operations, found.user))
    at = visit("account")
    next(button for button in at.button if button.label == "Unlink").click().run()
    assert not at.exception
    assert "Set a password first" in at.error[0].value
    assert "0000-0002-1825-0097" in words(at)
