"""Takes uploads in: a request body goes straight into the raw store, never whole into memory."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from engine.errors import Rejected
from lake.raw import Reception

HOP_BYTES = 1 << 20  # so many bytes travel to the writing thread at once
MOST_PARTS = 200
MOST_FIELD_BYTES = 65_536
MOST_NAME_CHARS = 200
MB = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """One file of an upload; its bytes wait in the reception until somebody finishes it."""

    filename: str  # text for people, never a path
    reception: Reception


class ReceivedForm:
    """The fields and files of one multipart body; used in a ``with`` block that forgets unfinished files."""

    def __init__(self) -> None:
        self.fields: dict[str, object] = {}
        self.files: list[ReceivedFile] = []

    def __enter__(self) -> "ReceivedForm":
        """Return the form."""
        return self

    def __exit__(self, *_: object) -> None:
        """Forget every file that was not finished."""
        self.forget()

    def forget(self) -> None:
        """Drop the bytes of every file that was not finished."""
        for file in self.files:
            file.reception.abort()

    def add_field(self, name: str, value: str) -> None:
        """Take one field; a repeated one becomes a list."""
        before = self.fields.get(name)
        self.fields[name] = (
            value if before is None else [*(before if isinstance(before, list) else [before]), value]
        )


class FormReceiver:
    """Understands a multipart body piece by piece and writes each file part to its own reception."""

    def __init__(
        self, boundary: bytes, form: ReceivedForm, *, receive: Callable[[], Reception], max_file_bytes: int
    ) -> None:
        self._form = form
        self._receive = receive
        self._max_file_bytes = max_file_bytes
        self._parts = 0
        self._header_name = b""
        self._header_value = b""
        self._disposition = b""
        self._field_name = ""
        self._field_value = bytearray()
        self._reception: Reception | None = None
        self._is_ignored = False
        self._ended = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._take_header_name,
                    "on_header_value": self._take_header_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open,
                    "on_part_data": self._take,
                    "on_part_end": self._close,
                    "on_end": self._end,
                },
            )
        except FormParserError as error:
            raise _broken() from error

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body.

        Raises
        ------
        Rejected
            ``bad-multipart``, ``too-many-parts``, ``field-too-long``, ``upload-too-large``
        """
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _broken() from error

    def finish(self) -> None:
        """Check that the body came to its end.

        Raises
        ------
        Rejected
            ``upload-cut``
        """
        if not self._ended:
            raise Rejected("The upload ended before it was complete: send it again.", code="upload-cut")

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise Rejected(
                f"One upload may have {MOST_PARTS} parts at most: send fewer files at once.",
                code="too-many-parts",
            )
        self._disposition = b""
        self._field_value = bytearray()
        self._reception = None
        self._is_ignored = False

    def _take_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _take_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"filename" in options:
            name = _text(options[b"filename"])
            # browsers send an empty name when nobody chose a file
            self._is_ignored = not name
            if name:
                self._reception = self._receive()
                self._form.files.append(
                    ReceivedFile(filename=shown_filename(name), reception=self._reception)
                )
        else:
            self._field_name = _text(options.get(b"name", b""))

    def _take(self, data: bytes, start: int, end: int) -> None:
        if self._reception is not None:
            check_size(self._reception.size_bytes + end - start, max_bytes=self._max_file_bytes)
            self._reception.write(data[start:end])
        elif not self._is_ignored:
            self._field_value += data[start:end]
            if len(self._field_value) > MOST_FIELD_BYTES:
                raise Rejected(
                    f"The field {self._field_name!r:.60} is too long; a file part needs a filename.",
                    code="field-too-long",
                )

    def _close(self) -> None:
        if self._reception is None and not self._is_ignored:
            self._form.add_field(self._field_name, _text(bytes(self._field_value)))

    def _end(self) -> None:
        self._ended = True


async def receive_form(
    body: AsyncIterator[bytes],
    content_type: str,
    *,
    receive: Callable[[], Reception],
    max_file_bytes: int,
) -> ReceivedForm:
    """Return the form in a multipart body; parsing and writing happen outside the event loop.

    Raises
    ------
    Rejected
        ``not-multipart`` and what :class:`FormReceiver` refuses; no file is kept then.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Rejected("Send the file as multipart/form-data.", code="not-multipart")
    form = ReceivedForm()
    receiver = FormReceiver(options[b"boundary"], form, receive=receive, max_file_bytes=max_file_bytes)
    try:
        async for hop in _hops(body):
            await anyio.to_thread.run_sync(receiver.feed, hop)
        receiver.finish()
    except BaseException:
        form.forget()
        raise
    return form


async def receive_file(
    body: AsyncIterator[bytes], filename: str, *, receive: Callable[[], Reception], max_file_bytes: int
) -> ReceivedForm:
    """Return a form with the one file that a whole body is."""
    form = ReceivedForm()
    reception = receive()
    form.files.append(ReceivedFile(filename=shown_filename(filename), reception=reception))
    try:
        async for hop in _hops(body):
            check_size(reception.size_bytes + len(hop), max_bytes=max_file_bytes)
            await anyio.to_thread.run_sync(reception.write, hop)
    except BaseException:
        form.forget()
        raise
    return form


def check_size(size_bytes: int, *, max_bytes: int) -> None:
    """Refuse a file above the limit.

    Raises
    ------
    Rejected
        ``upload-too-large``
    """
    if size_bytes > max_bytes:
        raise Rejected(
            f"A file may have {max_bytes // MB} MB at most; compress it (.fz) or cut it.",
            code="upload-too-large",
        )


def shown_filename(name: str) -> str:
    """Return the last part of a client's file name without control characters: for people to read only."""
    last = PurePosixPath(PureWindowsPath(name).name).name
    printable = "".join(char for char in last if char.isprintable()).strip()
    return printable[-MOST_NAME_CHARS:] if printable.strip(".") else "unnamed"


async def _hops(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting: list[bytes] = []
    size_bytes = 0
    async for chunk in body:
        waiting.append(chunk)
        size_bytes += len(chunk)
        if size_bytes >= HOP_BYTES:
            yield b"".join(waiting)
            waiting, size_bytes = [], 0
    if waiting:
        yield b"".join(waiting)


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8").replace("\x00", "")
    except UnicodeDecodeError:
        return value.decode("latin-1").replace("\x00", "")


def _broken() -> Rejected:
    return Rejected(
        "The multipart body cannot be read: it is not what its header says.", code="bad-multipart"
    )
