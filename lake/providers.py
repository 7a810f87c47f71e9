"""Services through which people may sign in (OpenID Connect): their settings, secrets from a file or not."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from engine.errors import Rejected

NAMES = "TOMLAKE_OIDC"  # the names of the providers, such as "orcid,university"
_FACTS = ("TITLE", "ISSUER", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "SCOPE")
_KNOWN = {"orcid": {"TITLE": "ORCID", "ISSUER": "https://orcid.org", "SCOPE": "openid"}}
_ON_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One service that says who somebody is."""

    name: str  # stands in addresses, so it must not change: the service knows our address
    title: str  # for people
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scope: str = "openid profile"


def providers_of(given: Mapping[str, str]) -> tuple[Provider, ...]:
    """Return the providers that these variables name.

    Raises
    ------
    Rejected
        ``bad-setting``: a name, an address or a secret is missing or cannot be used.
    """
    names = [name.strip().lower() for name in given.get(NAMES, "").split(",") if name.strip()]
    return tuple(_provider(given, name) for name in dict.fromkeys(names))


def provider_variables(given: Mapping[str, str]) -> set[str]:
    """Return the variables that tell of the providers named in ``given``."""
    names = [name.strip() for name in given.get(NAMES, "").split(",") if name.strip()]
    return {NAMES} | {_variable(name, fact) for name in names for fact in _FACTS}


def written_out(providers: Iterable[Provider]) -> dict[str, str]:
    """Return the variables that would give these providers."""
    told = {NAMES: ",".join(each.name for each in providers)}
    for each in providers:
        facts = {
            "TITLE": each.title,
            "ISSUER": each.issuer,
            "CLIENT_ID": each.client_id,
            "CLIENT_SECRET": each.client_secret,
            "SCOPE": each.scope,
        }
        told |= {_variable(each.name, fact): value for fact, value in facts.items()}
    return told


def _provider(given: Mapping[str, str], name: str) -> Provider:
    if not re.fullmatch(r"[a-z0-9]{1,30}", name):
        raise Rejected(
            f"{NAMES} names {name!r:.40}; a name has up to 30 letters and digits.", code="bad-setting"
        )
    facts = _KNOWN.get(name, {}) | {
        fact: given[_variable(name, fact)].strip() for fact in _FACTS if given.get(_variable(name, fact))
    }
    for fact in ("ISSUER", "CLIENT_ID"):
        if not facts.get(fact):
            raise Rejected(f"{NAMES} names {name}: set {_variable(name, fact)} too.", code="bad-setting")
    return Provider(
        name=name,
        title=facts.get("TITLE", name),
        issuer=_issuer(facts["ISSUER"], _variable(name, "ISSUER")),
        client_id=facts["CLIENT_ID"],
        client_secret=facts.get("CLIENT_SECRET") or _in_file(facts.get("CLIENT_SECRET_FILE", "")),
        scope=facts.get("SCOPE", "openid profile"),
    )


def _issuer(address: str, variable: str) -> str:
    """Return an issuer as it is written: the service must call itself so, to the letter."""
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _ON_THIS_MACHINE):
        return address
    raise Rejected(f"{variable} must be an https:// address: keys come from there.", code="bad-setting")


def _in_file(place: str) -> str:
    if not place:
        return ""
    try:
        return Path(place).read_text().strip()
    except (OSError, ValueError) as error:
        raise Rejected(
            f"The file {place} with a client secret cannot be read.", code="bad-setting"
        ) from error


def _variable(name: str, fact: str) -> str:
    return f"{NAMES}_{name.upper()}_{fact}"
