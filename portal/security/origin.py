"""Tells a request that our own page made from one that another site made in the visitor's name."""

from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_cross_site(headers: Mapping[str, str], *, public_url: str = "") -> bool:
    """Return whether a browser says that another site caused the request.

    Browsers send ``Sec-Fetch-Site``, older ones ``Origin`` only; scripts send neither and are believed,
    because no other site can steer them.
    """
    fetch_site = headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return False
    ours = {headers.get("host", "").lower(), urlsplit(public_url).netloc.lower()} - {""}
    return urlsplit(origin).netloc.lower() not in ours


def is_local_path(path: str) -> bool:
    """Return whether a place to go to after sign-in lies on this site."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
