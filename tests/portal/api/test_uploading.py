"""The multipart parser: any cut of the stream gives the same form, and no broken body is taken for whole."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import Rejected
from lake.raw import RawStore
from portal.frame.uploading import MOST_PARTS, FormReceiver, ReceivedForm, shown_filename

BOUNDARY = b"b0undary"


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> RawStore:
    return RawStore(str(tmp_path_factory.mktemp("raw")))


def field_part(name: str, value: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + value + b"\r\n"


def file_part(filename: bytes, content: bytes) -> bytes:
    head = b'content-disposition: form-data; name="f"; filename="' + filename + b'"\r\nX-Other: 1\r\n\r\n'
    return b"--" + BOUNDARY + b"\r\n" + head + content + b"\r\n"


def body_of(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def received(raw: RawStore, body: bytes, *, cuts: list[int] | None = None) -> ReceivedForm:
    form = ReceivedForm()
    receiver = FormReceiver(BOUNDARY, form, receive=raw.receive, max_file_bytes=10_000)
    stream = io.BytesIO(body)
    try:
        for size in cuts or []:
            receiver.feed(stream.read(size))
        receiver.feed(stream.read())
        receiver.finish()
    except Rejected:
        form.forget()
        raise
    return form


def kept(raw: RawStore, form: ReceivedForm) -> list[tuple[str, bytes]]:
    files = []
    for file in form.files:
        with raw.open(file.reception.finish().sha256) as stream:
            files.append((file.filename, stream.read()))
    return files


# the boundary and its beginnings inside a file are what parsers stumble over
pieces = st.sampled_from([b"\r\n--b0undar", b"\r\n", b"\r", b"--", b"--b0undary", b"\x00\xff", b"SIMPLE"])
content = (
    st.lists(pieces, max_size=8).map(b"".join).filter(lambda content: b"\r\n--" + BOUNDARY not in content)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=content, value=st.text("aé;=\"'", max_size=5), cuts=st.lists(st.integers(1, 20), max_size=30))
def test_however_the_stream_is_cut_the_form_is_the_same(
    raw: RawStore, content: bytes, value: str, cuts: list[int]
) -> None:
    body = body_of(
        field_part("target", value.encode()),
        file_part(b"a.fits", content + b"x"),
        field_part("observers", b"one"),
        field_part("observers", b"two"),
        file_part(b"b.fits", b"y" + content),
    )
    with received(raw, body, cuts=cuts) as form:
        assert form.fields == {"target": value, "observers": ["one", "two"]}
        assert kept(raw, form) == [("a.fits", content + b"x"), ("b.fits", b"y" + content)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_body_cut_short_is_never_taken_for_whole(raw: RawStore, data: st.DataObject) -> None:
    body = body_of(field_part("target", b"T"), file_part(b"a.fits", b"SIMPLE"))
    length = data.draw(st.integers(0, len(body) - 4))
    with pytest.raises(Rejected) as refused:
        received(raw, body[:length])
    assert refused.value.code in {"upload-cut", "bad-multipart"}
    assert list(raw.spool_dir.iterdir()) == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200))
def test_noise_is_refused_in_a_sentence_and_leaves_nothing(raw: RawStore, body: bytes) -> None:
    with pytest.raises(Rejected):
        received(raw, b"--" + BOUNDARY + body)
    assert list(raw.spool_dir.iterdir()) == []


def test_a_flood_of_parts_is_refused(raw: RawStore) -> None:
    with pytest.raises(Rejected) as refused:
        received(raw, body_of(*[field_part("a", b"")] * (MOST_PARTS + 1)))
    assert refused.value.code == "too-many-parts"


def test_a_file_sent_as_a_field_is_told_to_carry_a_name(raw: RawStore) -> None:
    with pytest.raises(Rejected) as refused:
        received(raw, body_of(field_part("files", b"x" * 70_000)))
    assert refused.value.code == "field-too-long"


def test_a_file_above_the_limit_is_refused_while_it_comes(raw: RawStore) -> None:
    with pytest.raises(Rejected) as refused:
        received(raw, body_of(file_part(b"a.fits", b"x" * 10_001)))
    assert refused.value.code == "upload-too-large"
    assert list(raw.spool_dir.iterdir()) == []


def test_a_boundary_that_is_too_long_is_refused(raw: RawStore) -> None:
    with pytest.raises(Rejected) as refused:
        FormReceiver(b"b" * 5000, ReceivedForm(), receive=raw.receive, max_file_bytes=10)
    assert refused.value.code == "bad-multipart"


@pytest.mark.parametrize("name", ["zażółć.fits".encode(), "zażółć.fits".encode("iso8859-2")])
def test_a_name_in_any_encoding_is_readable_text(raw: RawStore, name: bytes) -> None:
    with received(raw, body_of(file_part(name, b"x"))) as form:
        assert form.files[0].filename.endswith(".fits")


@given(st.text())
def test_a_shown_name_is_never_a_path(name: str) -> None:
    shown = shown_filename(name)
    assert shown == Path(shown).name
    assert shown.isprintable()
    assert shown.strip(".")
    assert "\\" not in shown
