"""The manifest of a version, and the list of versions: what they say, and how they are written and read.

Both are read from other people's servers as well, so nothing in them is trusted before it was checked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import Rejected

FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_=.-]*(/[A-Za-z0-9_][A-Za-z0-9_=.-]*){0,7}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """One file of a version: where readers find it, and which bytes it is."""

    path: str  # beside the manifest
    table: str  # whose rows it holds; empty for what only describes
    sha256: str
    size_bytes: int
    rows: int = 0
    order: int | None = None  # HEALPix cell of its targets, nested
    pixel: int | None = None
    mark: str = ""  # stands for the rows that it was written from

    def __post_init__(self) -> None:
        """Refuse what could name a place outside the public lake.

        Raises
        ------
        Rejected
            ``bad-manifest``
        """
        if not (_PATH.fullmatch(self.path) and _SHA256.fullmatch(self.sha256) and self.size_bytes >= 0):
            raise bad_manifest(f"the file {self.path!r:.80} is not described as a file")

    @property
    def place(self) -> str:
        """Return where the bytes are kept, below the root of the public lake; versions share them."""
        stem = self.path.rpartition("/")[2]
        suffix = f".{stem.rpartition('.')[2]}" if "." in stem else ""
        return f"files/{self.sha256[:2]}/{self.sha256}{suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedColumn:
    """One column as the manifest describes it."""

    name: str
    type: str
    unit: str = ""
    ucd: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """One table as the manifest describes it."""

    name: str
    description: str
    rows: int
    columns: tuple[PublishedColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that is to be known of one version."""

    name: str
    made_utc: str
    lake_version: int
    code_version: str
    licence: str
    citation: str
    origin: str  # address of the portal that published it
    simulated: bool  # whether simulated targets are in it
    tables: tuple[PublishedTable, ...]
    files: tuple[PublishedFile, ...]

    def __post_init__(self) -> None:
        """Refuse a name that is none.

        Raises
        ------
        Rejected
            ``bad-version-name``
        """
        checked_version_name(self.name)

    def of_table(self, table: str) -> tuple[PublishedFile, ...]:
        """Return the files that together hold each row of a table once."""
        found = [file for file in self.files if file.table == table]
        return tuple(found)

    @property
    def size_bytes(self) -> int:
        """Return the size of all files."""
        return sum(file.size_bytes for file in self.files)

    def to_json(self) -> bytes:
        """Return the manifest as it is served."""
        return _json({"format": FORMAT, **asdict(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One line of the list of versions."""

    name: str
    made_utc: str
    lake_version: int
    targets_mark: str  # stands for the targets that were public
    manifest_sha256: str
    points: int
    targets: int
    size_bytes: int
    simulated: bool
    withdrawn_utc: str = ""  # when it was taken back; empty: it is served
    reason: str = ""  # why it was taken back

    @property
    def is_withdrawn(self) -> bool:
        """Return whether the version was taken back."""
        return bool(self.withdrawn_utc)


def checked_version_name(name: str) -> str:
    """Return a name that a version may have.

    Raises
    ------
    Rejected
        ``bad-version-name``
    """
    if not _NAME.fullmatch(name) or name == "latest":
        raise Rejected(
            "The name of a version is 1 to 64 letters, digits, dots, dashes and underlines, begins with a "
            "letter or digit, and is not 'latest'.",
            code="bad-version-name",
        )
    return name


def manifest_of(body: bytes) -> Manifest:
    """Return the manifest that is written in JSON.

    Raises
    ------
    Rejected
        ``bad-manifest``: it is damaged, or of a later tomlake.
    """
    told = _told(body)
    try:
        tables = tuple(
            PublishedTable(**table | {"columns": tuple(PublishedColumn(**each) for each in table["columns"])})
            for table in told.pop("tables")
        )
        files = tuple(PublishedFile(**file) for file in told.pop("files"))
        return Manifest(**told, tables=tables, files=files)
    except (KeyError, TypeError, AttributeError) as error:
        raise bad_manifest("it does not have the fields of a manifest") from error


def versions_of(body: bytes) -> tuple[Version, ...]:
    """Return the list of versions that is written in JSON, oldest first.

    Raises
    ------
    Rejected
        ``bad-manifest``: it is damaged, or of a later tomlake.
    """
    try:
        versions = tuple(Version(**each) for each in _told(body)["versions"])
        return tuple(version for version in versions if checked_version_name(version.name))
    except (KeyError, TypeError, AttributeError) as error:
        raise bad_manifest("it does not have the fields of a list of versions") from error


def versions_json(versions: tuple[Version, ...]) -> bytes:
    """Return the list of versions as it is served."""
    return _json({"format": FORMAT, "versions": [asdict(version) for version in versions]})


def bad_manifest(why: str) -> Rejected:
    """Return the refusal of a manifest or list of versions that cannot be used."""
    return Rejected(f"The public lake's description cannot be used: {why}.", code="bad-manifest")


def _json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_manifest("it is no JSON") from error
    if not isinstance(told, dict):
        raise bad_manifest("it is no JSON object")
    told_format = told.pop("format", None)
    if told_format != FORMAT:
        raise bad_manifest(f"its format is {told_format!r:.20}, and this tomlake reads format {FORMAT}")
    return told
