"""A small sign-in service of our own: real keys, real codes, PKCE checked; and what it may be told to forge.

Hand-made: it answers as OpenID Connect Core 1.0 has it, and is no recording of a real service.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "tomlake-tests", "s3cret&strange=:%"
Claims = dict[str, Any]


class SignInService:
    """Serve a sign-in service on this machine, as long as the block lasts."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.person: Claims = {"sub": "0000-0002-1825-0097", "name": "Josiah Carberry"}
        self.forge: Callable[[Claims], str] = self.signed  # makes a token of claims
        self.codes: dict[str, dict[str, str]] = {}
        self.by_post = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(*service.told(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                sent = dict(parse_qsl(body, keep_blank_values=True))
                self.answer(*service.token(sent, self.headers.get("Authorization", "")))

            def answer(self, status: int, said: object) -> None:
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "SignInService":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()

    def told(self, path: str) -> tuple[int, object]:
        """Return what the service says of itself, or its keys."""
        if path == "/.well-known/openid-configuration":
            method = "client_secret_post" if self.by_post else "client_secret_basic"
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "token_endpoint_auth_methods_supported": [method],
            }
        if path == "/keys":
            return 200, {"keys": [self.key.as_dict(private=False), {"kty": "oct", "k": "AAAA"}]}
        return 404, {}

    def grant(self, address: str, *, code: str) -> dict[str, str]:
        """Let the person say yes at the address they were sent to; return what the address asked for."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        self.codes[code] = asked
        return asked

    def token(self, sent: dict[str, str], authorization: str) -> tuple[int, object]:
        """Return the token for a code, once, to who holds its verifier and our secret."""
        asked = self.codes.pop(sent.get("code", ""), None)
        if asked is None or not self._is_ours(sent, authorization):
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or sent["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": asked["nonce"]}
        return 200, {
            "access_token": "a",
            "token_type": "Bearer",
            "id_token": self.forge(claims | self.person),
        }

    def _is_ours(self, sent: dict[str, str], authorization: str) -> bool:
        if self.by_post:
            return (sent.get("client_id"), sent.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        return dict(parse_qsl(pair.replace(":", "=", 1))) == {CLIENT_ID: CLIENT_SECRET}

    def signed(self, claims: Claims) -> str:
        """Return a token as it should be."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def signed_by_a_stranger(self, claims: Claims) -> str:
        """Return a token that another key signed, under the name of ours."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))

    def signed_with_the_public_key(self, claims: Claims) -> str:
        """Return a token "signed" with what everybody has, as if it were a shared secret."""
        text = _encoded({"alg": "HS256", "kid": "one"}, claims)
        digest = hmac.new(self.key.as_pem(private=False), text, "sha256").digest()
        return (text + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()

    def unsigned(self, claims: Claims) -> str:
        """Return a token that says it needs no signature."""
        return (_encoded({"alg": "none", "kid": "one"}, claims) + b".").decode()

    def changed(self, claims: Claims) -> str:
        """Return a token whose words were changed after it was signed."""
        head, _, signature = self.signed(claims).split(".")
        body = _encoded({}, claims | {"sub": "victim"}).decode().split(".")[1]
        return ".".join((head, body, signature))


def _encoded(*parts: Claims) -> bytes:
    return b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
