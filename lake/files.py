"""The file systems of an installation: a folder, or a place on S3, reached in one way."""

from typing import Any

import fsspec
from fsspec import AbstractFileSystem

from engine.errors import Rejected
from lake.paths import local_folder
from lake.settings import Settings

S3 = "s3://"
_ATTEMPTS = 8  # of one request; the pauses between them grow
_TIMEOUT_S = 20


def filesystem_of(settings: Settings, url: str) -> tuple[AbstractFileSystem, str]:
    """Return the file system that a URL names and the path of the URL in it, without a slash at its end.

    Raises
    ------
    Rejected
        ``bad-setting``: tomlake has no such file system, or a package for it is missing.
    """
    if local_folder(url) is not None:
        filesystem, root = fsspec.core.url_to_fs(str(local_folder(url)), auto_mkdir=True)
        return filesystem, str(root).rstrip("/")
    try:
        filesystem, root = fsspec.core.url_to_fs(url, **_options(settings, url))
    except (ImportError, ValueError) as error:
        raise Rejected(
            f"The place {url!r} cannot be used ({error}): give a folder, or install tomlake[scale] for s3://.",
            code="bad-setting",
        ) from error
    return filesystem, str(root).rstrip("/")


def is_s3(url: str) -> bool:
    """Return whether a URL names a place on S3."""
    return url.startswith(S3)


def _options(settings: Settings, url: str) -> dict[str, Any]:
    if not is_s3(url):
        return {}
    return {
        "key": settings.s3_key_id or None,
        "secret": settings.s3_secret or None,
        "endpoint_url": settings.s3_endpoint or None,
        "client_kwargs": {"region_name": settings.s3_region},
        "config_kwargs": {
            "retries": {"max_attempts": _ATTEMPTS, "mode": "standard"},
            "connect_timeout": _TIMEOUT_S,
            "read_timeout": _TIMEOUT_S,
        },
        "use_listings_cache": False,  # other processes write as well
    }
