"""One damage in words: what it is, what is lost by it, and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """Which part of an installation is damaged."""

    CATALOG = "catalog"
    DATA = "data"
    DELETE = "delete"
    RAW = "raw"
    LEDGER = "ledger"
    PAPERS = "papers"
    OPERATIONS = "operations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something that is not as it was written."""

    part: Part
    table: str = ""
    file: str = ""  # path under the place of its kind; for the catalog and the ledger what is meant there
    what: str  # continues "The file X "
    lost: str
    advice: str
    target_ids: tuple[int, int] | None = None  # least and greatest target with rows in the file

    @property
    def sentence(self) -> str:
        """Return everything in one sentence."""
        subject = _SUBJECTS[self.part].format(table=self.table, file=self.file).rstrip()
        return f"{subject} {self.what}: {self.lost}; {self.advice}."


_SUBJECTS = {
    Part.CATALOG: "The catalog's entry {file}",
    Part.DATA: "Table {table}, file {file}",
    Part.DELETE: "Table {table}, delete file {file}",
    Part.RAW: "The raw file {file}",
    Part.LEDGER: "The ledger's {file}",
    Part.PAPERS: "Table {table}",
    Part.OPERATIONS: "The operations database {file}",
}
