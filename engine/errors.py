"""The three ways in which work ends badly on purpose; any other exception is a bug of ours."""


class TomlakeError(Exception):
    """A failure that a person can read.

    Parameters
    ----------
    reason
        One sentence that the person concerned can act on.
    code
        Stable word for programs and tests, such as ``no-exptime``.
    """

    def __init__(self, reason: str, *, code: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Rejected(TomlakeError):  # noqa: N818 - the field's word reads better than RejectedError
    """The input cannot be used as it is: tell the person, never retry."""


class Transient(TomlakeError):  # noqa: N818
    """Something outside failed for now: try again later."""

    def __init__(self, reason: str, *, code: str, retry_after_s: float = 300.0) -> None:
        super().__init__(reason, code=code)
        self.retry_after_s = retry_after_s


class NotReady(TomlakeError):  # noqa: N818
    """An archive or an earlier job still works on it: come back with the ticket."""

    def __init__(
        self, reason: str, *, code: str = "not-ready", ticket: str = "", retry_after_s: float = 30.0
    ) -> None:
        super().__init__(reason, code=code)
        self.ticket = ticket
        self.retry_after_s = retry_after_s
