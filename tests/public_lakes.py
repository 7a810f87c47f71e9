"""Lakes to publish: targets with rows in every table, each value of which can be found again anywhere."""

import hashlib
import io
import struct
from dataclasses import replace
from itertools import count

import fsspec
import numpy as np
import polars as pl
import pyarrow.parquet as pq
from sqlalchemy import insert

from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.changes import Change
from lake.files import filesystem_of
from lake.opening import Lake
from lake.operations import uploads, writing
from lake.provenance import new_batch
from lake.public.place import Place
from lake.public.publish import Publication, Terms, publish
from lake.public.versions import manifest
from lake.rights import SYSTEM
from lake.sites.observatories import Observatory, add_observatory
from lake.store import Replacement
from lake.tables import TABLES, Table
from lake.targets import create_target, delete_target, update_target

_PLACES = count(1)
_NUMBERS = count(1)


def quiet(_words: str, _fraction: float) -> None:
    """Show no progress."""


def published(lake: Lake, *, name: str = "", with_simulated: bool = False) -> Publication:
    return publish(lake, Terms(with_simulated=with_simulated), name=name, progress=quiet)


def add_target(lake: Lake, name: str, **more: object) -> Target:
    """Return a public target at a place of its own on the sky."""
    place = next(_PLACES)
    target = Target(name=name, ra_deg=(place * 47.3) % 360.0, dec_deg=(place * 31.7) % 160.0 - 80.0)
    return create_target(lake.operations, replace(target, **more), by="canarypublic-maker")  # type: ignore[arg-type]


def embargo(lake: Lake, target: Target, *, days: float) -> Target:
    changed = replace(target, embargo_until_mjd=mjd_now() + days)
    return update_target(lake.operations, changed, user=SYSTEM)


def make_private(lake: Lake, target: Target) -> Target:
    return update_target(lake.operations, replace(target, visibility=Visibility.PRIVATE), user=SYSTEM)


def some_points(target: Target, number: int, *, source: str = "gaia_alerts", seed: int = 0) -> pl.DataFrame:
    """Return a light curve."""
    rng = np.random.default_rng((target.target_id or 0, number, seed))
    return pl.DataFrame(
        {
            "target_id": [target.target_id] * number,
            "source": [source] * number,
            "source_ref": [f"{seed}-{row}" for row in range(number)],
            "mjd": np.sort(rng.uniform(57000.0, 61000.0, number)),
            "band": ["GSA(G)"] * number,
            "mag": rng.normal(17.0, 1.0, number),
            "mag_err": rng.uniform(0.01, 0.1, number),
            "facility": ["Gaia"] * number,
        }
    )


def add_points(
    lake: Lake, target: Target, number: int, *, source: str = "gaia_alerts", seed: int = 0
) -> None:
    points = some_points(target, number, source=source, seed=seed)
    batch = new_batch("harvest", source, target_id=target.target_id, by="job 1")
    lake.store.replace_many(
        [Replacement(target_id=target.target_id or 0, source=source, points=points)], batch=batch
    )


class Canary:
    """One word and one number that stand in every column of every row of one target.

    Parameters
    ----------
    word
        No other target has it, nor has any file for another reason.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self.number = 7000.0 + next(_NUMBERS) / 3.0

    def row(self, table: Table, target: Target, **more: object) -> pl.DataFrame:
        """Return a row of a table, full of canaries."""
        row: dict[str, object] = {
            name: self._value(table, name, dtype) for name, dtype in table.schema.items()
        }
        row |= {"target_id": target.target_id, "source": "upload", "frame_id": f"{self.word}-frame"}
        row |= {"dry_run": False, "flags": 0} | more
        return table.rows(pl.DataFrame([{name: row[name] for name in table.schema}], schema=table.schema))

    def fill(self, lake: Lake, target: Target, *tables: str, **more: object) -> None:
        """Write a row of these tables, or of every table that knows targets, with the papers of both."""
        batch = new_batch(
            f"{self.word}-task",
            f"{self.word}-source",
            target_id=target.target_id,
            parameters={"names": [f"{self.word}-names"], "ra_deg": self.number, "release": self.word},
            raw_sha256=self.sha256,
            by=f"{self.word}-by",
        )
        wanted = [table for table in TABLES if "target_id" in table.schema and table.name != "batches"]
        of_target = pl.DataFrame({"target_id": [target.target_id]})
        changes = [
            Change(table=table, rows=self.row(table, target, **more), keys=of_target)
            for table in wanted
            if not tables or table.name in tables
        ]
        lake.store.commit(changes, batch=batch)

    def upload(self, lake: Lake, target: Target) -> None:
        """Register an upload of the target, and the site of a telescope that only it was seen with."""
        values = {
            "sha256": self.sha256,
            "size_bytes": 1,
            "filename": f"{self.word}.fits",
            "target_id": target.target_id,
            "comment": f"{self.word}-comment",
            "uploaded_by": f"{self.word}-user",
            "received_mjd": 60000.0,
        }
        with writing(lake.operations) as connection:
            connection.execute(insert(uploads).values(values))
        place = Observatory(
            name=f"{self.word}-photometry-facility",
            longitude_deg=0.0,
            latitude_deg=0.0,
            acknowledgement=f"{self.word}-acknowledgement",
            comment=f"{self.word}-site",
        )
        add_observatory(lake.operations, place, by=f"{self.word}-user")

    @property
    def sha256(self) -> str:
        """Return the hash under which its raw bytes are kept."""
        return hashlib.sha256(self.word.encode()).hexdigest()

    def traces(self) -> tuple[bytes, ...]:
        """Return the bytes by which the canary shows, in texts and in binary files."""
        number = repr(self.number).encode(), struct.pack("<d", self.number)
        return (self.word.encode(), self.sha256.encode(), *number)

    def is_in(self, body: bytes) -> bool:
        return any(trace in body for trace in self.traces())

    def _value(self, table: Table, name: str, dtype: pl.DataType) -> object:
        if isinstance(dtype, pl.Float64):
            return self.number
        if isinstance(dtype, pl.Boolean):
            return True
        if isinstance(dtype, pl.List):
            return [f"{self.word}-{table.name}-{name}"]
        if isinstance(dtype, pl.String):
            return f"{self.word}-{table.name}-{name}"
        return 1


HIDDEN = ("private", "embargoed", "simulated", "flagged", "dry", "deleted")


class Aviary:
    """An open lake with the canary of a public target, and one for each reason not to be published."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.hidden = {kind: Canary(f"canary{kind}") for kind in HIDDEN}
        self.public = Canary("canarypublic")
        self._fill(self.public, add_target(lake, "canarypublic-name"))
        self._fill(self.hidden["private"], self._target("private", visibility=Visibility.PRIVATE))
        self._fill(self.hidden["embargoed"], embargo(lake, self._target("embargoed"), days=0.5))
        self._fill(self.hidden["simulated"], self._target("simulated", simulated=True))
        self.hidden["flagged"].fill(lake, add_target(lake, "real"), flags=1)
        self.hidden["dry"].fill(lake, add_target(lake, "dryrun"), "frames", "calibrations", dry_run=True)
        self._fill(self.hidden["deleted"], gone := self._target("deleted"))
        delete_target(lake.operations, gone.target_id or 0, user=SYSTEM)

    def _target(self, kind: str, **more: object) -> Target:
        word = self.hidden[kind].word
        aliases = ((f"{word}-namer", f"{word}-alias"),)
        return add_target(
            self.lake, f"{word}-name", description=f"{word}-description", aliases=aliases, **more
        )

    def _fill(self, canary: Canary, target: Target) -> None:
        canary.fill(self.lake, target)
        canary.upload(self.lake, target)


def readable(body: bytes, name: str) -> bytes:
    """Return a file's bytes, and where it is Parquet every value in it as text as well."""
    if not (body.startswith(b"PAR1") and body.endswith(b"PAR1")):
        return body
    table = pq.read_table(io.BytesIO(body)) if pq.read_schema(io.BytesIO(body)).names else None
    rows = [] if table is None else table.to_pylist()
    return body + b"\n".join(repr(value).encode() for row in rows for value in row.values()) + name.encode()


def everything_published(lake: Lake) -> dict[str, bytes]:
    """Return every file below the root of the public lake, whatever it is for."""
    filesystem, root = filesystem_of(lake.settings, lake.settings.publish_url)
    assert isinstance(filesystem, fsspec.AbstractFileSystem)
    paths = [str(path) for path in filesystem.find(root)]
    return {path: readable(filesystem.cat_file(path), path) for path in paths}


def table_of(lake: Lake, publication: Publication, table: str) -> pl.DataFrame:
    """Return all rows of a published table."""
    place = Place(lake.settings)
    told = manifest(place, publication.version)
    bodies = [place.read(file.place) for file in told.of_table(table)]
    frames = [pl.read_parquet(io.BytesIO(body)) for body in bodies if body is not None]
    return pl.concat(frames)
