"""Trouble with disks and files, in one sentence that says what to do."""

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl
from sqlalchemy.exc import OperationalError

from engine.errors import Rejected, TomlakeError, Transient

_FULL = ("no space left", "disk i/o error", "disk is full", "quota exceeded")
_READ_ONLY = ("read-only file system", "readonly database", "permission denied")
_DAMAGED = (
    "cannot open file", "no such file", "invalid footer", "no magic bytes", "http code 404", "nosuchkey",
    "too small to be a parquet", "corrupt", "malformed", "tprotocolexception", "don't know what type",
    "failed to decompress", "decompression", "unexpected end", "parquet file", "reached eof",
)  # fmt: skip
_GONE_VERSION = re.compile(r"no snapshot found at version (\d+)")
_FILE = re.compile(r"[\w.=-]+\.parquet")


def told_of(error: duckdb.Error) -> TomlakeError | None:
    """Return what a person can do about a failure of the database, or None where it is our own bug."""
    text = str(error).lower()
    if gone := _GONE_VERSION.search(text):
        return unknown_version(int(gone[1]))
    if any(words in text for words in _FULL):
        return disk_full()
    if any(words in text for words in _READ_ONLY):
        return _read_only()
    if isinstance(error, duckdb.IOException | duckdb.InvalidInputException | duckdb.HTTPException) and any(
        words in text for words in _DAMAGED
    ):
        return damaged(str(error))
    return None


@contextmanager
def telling_of_tables() -> Iterator[None]:
    """Turn a full or read-only disk under the operational database into one sentence."""
    try:
        yield
    except OperationalError as error:
        text = str(error.orig).lower()
        if any(words in text for words in _FULL):
            raise disk_full() from error
        if any(words in text for words in _READ_ONLY):
            raise _read_only() from error
        raise


@contextmanager
def telling() -> Iterator[None]:
    """Turn a full or read-only disk, and a file store that does not answer, into one sentence."""
    try:
        yield
    except pl.exceptions.ComputeError as error:  # polars tells of the disk in words alone
        if any(words in str(error).lower() for words in _FULL):
            raise disk_full() from error
        raise
    except store_errors() as error:
        if not isinstance(error, OSError):
            raise store_away() from error
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise disk_full() from error
        if error.errno in {errno.EROFS, errno.EACCES}:
            raise _read_only() from error
        raise


def unknown_version(version: int | None) -> Rejected:
    """Return the refusal of a version that the lake does not have, or keeps no longer."""
    return Rejected(f"The lake has no version {version}.", code="unknown-version")


def store_errors() -> tuple[type[Exception], ...]:
    """Return what reading and writing files raises: of S3 its client's errors as well, where it is loaded."""
    module = sys.modules.get("botocore.exceptions")
    return (OSError,) if module is None else (OSError, module.BotoCoreError)


def store_away() -> Transient:
    """Return the refusal of a file store that does not answer."""
    return Transient(
        "The file store does not answer; try again when it is up.", code="lake-away", retry_after_s=10
    )


def disk_full() -> Transient:
    """Return the refusal of a full disk."""
    return Transient(
        "The disk is full: free some space and try again; nothing that was accepted is lost.",
        code="disk-full",
        retry_after_s=60,
    )


def damaged(text: str) -> Rejected:
    """Return the refusal of a file that cannot be read; ``text`` names it."""
    found = _FILE.search(text)
    name = found[0] if found else "with these points"
    return Rejected(
        f"The lake's file {name} is damaged or missing: run `tomlake verify`, and bring it back from a "
        "backup; everything else stays readable.",
        code="lake-damaged",
    )


def _read_only() -> Rejected:
    return Rejected(
        "The disk cannot be written: give this user write access to the data folder, or mount it writable.",
        code="no-write-access",
    )
