"""What schemathesis has to be taught: how bytes of a media type of our own are sent."""

from collections.abc import Mapping

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def as_bytes(_context: object, value: object) -> object:
    """Send the bytes as they are."""
    return value if isinstance(value, bytes | str | Mapping) else b""


@schemathesis.hook
def filter_headers(_context: object, headers: Mapping[str, object] | None) -> bool:
    """Leave out a request that is wrong only by a header nobody knows: in HTTP that is never wrong."""
    return not headers or not any(name.lower().startswith("x-schemathesis-unknown") for name in headers)
