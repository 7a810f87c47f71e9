"""What the page of observatories says of a CSV of cameras; rights are the lake's."""

import polars as pl

from engine.errors import Rejected
from lake.people.accounts import User
from lake.sites.fields import FIELDS
from lake.sites.importing import Fate, Imported, import_observatories
from portal.opened import lake
from portal.words import _, marked

CSV_COLUMNS = ", ".join(field.name for field in FIELDS)
_FATES = {Fate.NEW: marked("new"), Fate.KNOWN: marked("known"), Fate.REFUSED: marked("refused")}


def judged(user: User, body: bytes, *, is_stored: bool) -> tuple[Imported | None, str]:
    """Return the verdict on every row of a CSV, or None and why it cannot be read."""
    try:
        return import_observatories(lake().operations, body, by=user, dry_run=not is_stored), ""
    except Rejected as refusal:
        return None, _(refusal.reason)


def verdict_table(made: Imported) -> pl.DataFrame:
    """Return the verdicts on the rows of a CSV as the page lists them."""
    rows = [(row.line, row.oname, _(_FATES[row.fate]), _(row.sentence)) for row in made.rows]
    schema = {"Line": pl.Int64(), "ONAME": pl.String(), "Fate": pl.String(), "Says": pl.String()}
    return pl.DataFrame(rows, schema=schema, orient="row")
