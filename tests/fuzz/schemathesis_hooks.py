"""What schemathesis has to be taught: how bytes of our own media type are sent, and what HTTP allows."""

from collections.abc import Mapping

import schemathesis

UNKNOWN = "x-schemathesis-unknown-property"


@schemathesis.serializer("application/offset+octet-stream")
def as_bytes(_context: object, value: object) -> object:
    """Send the bytes as they are."""
    return value if isinstance(value, bytes | str | Mapping) else b""


@schemathesis.hook
def filter_failure(_context: object, failure: object, case: schemathesis.Case, _response: object) -> bool:
    """Keep a failure, but not that a header which nobody knows was accepted: in HTTP none is wrong."""
    is_accepted = getattr(failure, "code", "") == "ST201"
    return not (is_accepted and any(name.lower() == UNKNOWN for name in case.headers or {}))
