"""What is known beside the points of a light curve of whom a paper credits."""

from collections import defaultdict

import polars as pl
from sqlalchemy import Engine, select

from engine.brokers.registry import BROKERS
from engine.citing.cited import Papers, Person
from lake.operations import observatories, reading, uploads, users
from lake.people.account_tables import profiles
from lake.readable import Readable
from lake.seen import FILE_OF_POINT, UPLOAD

_SOFTWARE = """
    SELECT DISTINCT code_version FROM lake.batches
    WHERE batch_id IN (SELECT unnest($batch_ids::VARCHAR[])) ORDER BY code_version"""


def papers_of(operations: Engine, reader: Readable, points: pl.DataFrame) -> Papers:
    """Return whom to credit for points that somebody may see, as light curves come from ``lake.seen``."""
    batch_ids = points.get_column("batch_id").drop_nulls().unique().sort().to_list()
    software = reader.read(_SOFTWARE, {"batch_ids": batch_ids}).get_column("code_version").to_list()
    return Papers(
        people=_people(operations, points),
        thanks=_thanks(operations),
        archives={broker.info.key: broker.info for broker in BROKERS},
        software=tuple(f"tomlake {version}" for version in software if version),
        lake_version=reader.version(),
    )


def _people(operations: Engine, points: pl.DataFrame) -> dict[str, tuple[Person, ...]]:
    """Return the accounts that observed, by the sha256 of their files, with what a paper prints of them."""
    own = points.filter(pl.col("source") == UPLOAD)
    files = set(own.select(FILE_OF_POINT).to_series())
    target_ids = own.get_column("target_id").unique().to_list()
    query = select(uploads.c.sha256, uploads.c.observers).where(
        uploads.c.target_id.in_(target_ids), uploads.c.dry_run.is_(False)
    )
    accounts = select(
        users.c.username, users.c.full_name,
        profiles.c.affiliation, profiles.c.orcid, profiles.c.latex_name,
    ).join_from(users, profiles, isouter=True)  # fmt: skip
    with reading(operations) as connection:
        sent = [row for row in connection.execute(query) if row.sha256 in files]
        names = {name for row in sent for name in row.observers or ()}
        known = {
            row.username: Person(
                name=row.full_name or row.username,
                affiliation=row.affiliation or "",
                orcid=row.orcid or "",
                latex_name=row.latex_name or "",
            )
            for row in connection.execute(accounts.where(users.c.username.in_(names)))
        }
    people: dict[str, list[Person]] = defaultdict(list)
    for row in sent:
        people[row.sha256] += [known[name] for name in row.observers or () if name in known]
    return {sha256: tuple(persons) for sha256, persons in people.items()}


def _thanks(operations: Engine) -> dict[str, str]:
    query = select(observatories.c.name, observatories.c.acknowledgement)
    with reading(operations) as connection:
        rows = connection.execute(query.where(observatories.c.acknowledgement != ""))
        return {row.name: row.acknowledgement for row in rows}
