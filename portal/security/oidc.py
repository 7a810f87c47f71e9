"""Signing in through another service: OpenID Connect's authorisation code with PKCE.

What is asked of whom: the service's description and its keys, kept for an hour; then one code for one token.
"""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode, urlsplit

import requests
from joserfc.jwk import KeySet

from engine.errors import Rejected, Transient
from lake.people.identities import Identity
from lake.people.sign_in_attempts import Begun
from lake.providers import Provider
from portal.security.id_token import Expected, UnknownKeyError, keys_of, read_id_token

KEPT_S = 3600.0
KEYS_AGAIN_S = 60.0  # a token with an unknown key makes us ask for the keys at most this often
TIMEOUT_S = 10.0
MOST_BYTES = 1_000_000
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What a service said of itself."""

    authorise_url: str
    token_url: str
    keys_url: str
    by_post: bool  # our secret goes into the form, not into a header
    keys: KeySet
    asked_s: float


class SignInServices:
    """The services of one installation; one object per process.

    Parameters
    ----------
    now_s
        The clock, in seconds since 1970.
    """

    def __init__(self, *, now_s: Callable[[], float] = time.time) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def way_out(self, provider: Provider, begun: Begun, *, back: str) -> str:
        """Return the address at the service where the person says who they are; ``back`` is ours.

        Raises
        ------
        Transient
            ``provider-away``
        Rejected
            ``bad-provider``
        """
        challenge = hashlib.sha256(begun.attempt.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": back,
            "scope": provider.scope,
            "state": begun.state,
            "nonce": begun.attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        place = self._described(provider).authorise_url
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"

    def identity(self, provider: Provider, *, code: str, verifier: str, nonce: str, back: str) -> Identity:
        """Return who came back with this code.

        Raises
        ------
        Transient
            ``provider-away``
        Rejected
            ``refused-sign-in``: the service does not take the code; ``forged-sign-in``, ``bad-provider``.
        """
        known = self._described(provider)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        token = _exchanged(provider, known, form)
        expected = Expected(
            issuer=provider.issuer,
            client_id=provider.client_id,
            nonce=nonce,
            now_s=lambda: int(self._now_s()),
        )
        try:
            return read_id_token(token, known.keys, expected)
        except UnknownKeyError:
            known = self._described(provider, older_than_s=KEYS_AGAIN_S)
        try:
            return read_id_token(token, known.keys, expected)
        except UnknownKeyError as error:
            raise Rejected(
                "The sign-in service used a key that it does not show: try again.", code="forged-sign-in"
            ) from error

    def _described(self, provider: Provider, *, older_than_s: float = KEPT_S) -> _Known:
        with self._lock:
            known = self._known.get(provider.name)
        if known is not None and self._now_s() - known.asked_s < older_than_s:
            return known
        asked = _asked(provider, self._now_s())
        with self._lock:
            self._known[provider.name] = asked
        return asked


def _asked(provider: Provider, now_s: float) -> _Known:
    told = _json(provider, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        raise _bad(provider, "calls itself by another name than the setting of its issuer")
    places = [
        _place(provider, told, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    ]
    methods = told.get("token_endpoint_auth_methods_supported")
    listed = methods if isinstance(methods, list) else ["client_secret_basic"]
    return _Known(
        authorise_url=places[0],
        token_url=places[1],
        keys_url=places[2],
        by_post="client_secret_basic" not in listed,
        keys=keys_of(_json(provider, places[2])),
        asked_s=now_s,
    )


def _place(provider: Provider, told: Mapping[str, object], name: str) -> str:
    """Return an address that a service gives, where nobody on the way can change what comes from there."""
    place = told.get(name)
    parts = urlsplit(place) if isinstance(place, str) else urlsplit("")
    local = urlsplit(provider.issuer).hostname in _LOCAL and parts.hostname in _LOCAL
    if not (parts.scheme == "https" or (local and parts.scheme == "http")):
        raise _bad(provider, f"has no {name} with https")
    return str(place)


def _exchanged(provider: Provider, known: _Known, form: dict[str, str]) -> str:
    """Return the identity token that a code is good for, once."""
    headers = {}
    if known.by_post or not provider.client_secret:
        form = form | {"client_id": provider.client_id}
        form |= {"client_secret": provider.client_secret} if provider.client_secret else {}
    else:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    told = _json(provider, known.token_url, form=form, headers=headers)
    token = told.get("id_token")
    if not isinstance(token, str):
        raise _refused(provider)
    return token


def _json(
    provider: Provider,
    url: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Mapping[str, object]:
    """Return what a service answers; a small answer, without following it elsewhere."""
    try:
        with requests.request(
            "GET" if form is None else "POST",
            url,
            data=form,
            headers={"Accept": "application/json", **(headers or {})},
            timeout=TIMEOUT_S,
            allow_redirects=False,
            stream=True,
        ) as answer:
            body = answer.raw.read(MOST_BYTES, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise _away(provider) from error
    if answer.status_code >= 500:
        raise _away(provider)
    if answer.status_code != 200 and form is not None:
        raise _refused(provider)
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad(provider, "sends what is no JSON") from error
    if answer.status_code != 200 or not isinstance(told, dict):
        raise _bad(provider, "does not answer as OpenID Connect has it")
    return told


def _away(provider: Provider) -> Transient:
    return Transient(
        f"{provider.title} does not answer: try again, or sign in with your password.",
        code="provider-away",
        retry_after_s=30,
    )


def _refused(provider: Provider) -> Rejected:
    return Rejected(f"{provider.title} did not confirm the sign-in: try again.", code="refused-sign-in")


def _bad(provider: Provider, what: str) -> Rejected:
    return Rejected(f"{provider.title} cannot be used: it {what}; tell staff.", code="bad-provider")
