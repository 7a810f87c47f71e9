"""The papers of the public points: frames, calibrations, batches, and whom to cite; only what may be told."""

import json
from collections.abc import Mapping

import polars as pl

from engine.brokers.registry import BROKERS
from lake.public.edition import Edition
from lake.public.parquet import Layout
from lake.public.points import PUBLIC_POINTS
from lake.public.schema import (
    CITATIONS,
    PUBLIC_BATCHES,
    PUBLIC_CALIBRATIONS,
    PUBLIC_FRAMES,
    PublicTable,
)
from lake.public.selection import Selection
from lake.readable import Readable

FILE_ROWS = 50_000
_UPLOAD = "upload"

# Parameters of batches that concern the measurement; others may name people, files or places.
PUBLIC_PARAMETERS = frozenset({
    "ra_deg", "dec_deg", "pm_ra_mas_yr", "pm_dec_mas_yr", "epoch", "release", "calib_version", "requested",
    "cell", "nside", "g_limits", "radius_arcsec",
})  # fmt: skip

_PUBLIC_FRAMES = (
    "FROM lake.frames WHERE target_id IN (SELECT unnest($target_ids::BIGINT[])) "
    "AND NOT coalesce(dry_run, FALSE) AND ($with_simulated OR coalesce(flags, 0) & 1 = 0) "
    "AND coalesce(upload_id NOT IN (SELECT unnest($closed_uploads::BIGINT[])), TRUE)"
)
_FRAMES = f"SELECT * {_PUBLIC_FRAMES}"
_CALIBRATIONS = f"""
    SELECT * FROM lake.calibrations
    WHERE (target_id, frame_id) IN (SELECT (target_id, frame_id) {_PUBLIC_FRAMES})
"""  # noqa: S608 - our own statement
_BATCHES = f"""
    SELECT * FROM lake.batches
    WHERE batch_id IN (SELECT batch_id {PUBLIC_POINTS} UNION SELECT batch_id {_PUBLIC_FRAMES})
"""  # noqa: S608 - our own statement
_CREDITS = f"SELECT source, facility, count(*) AS points {PUBLIC_POINTS} GROUP BY source, facility"
_COUNTED = "SELECT target_id, count(*) AS n FROM ({}) GROUP BY target_id ORDER BY target_id"


def add_frames(edition: Edition, lake: Readable, chosen: Selection, *, with_simulated: bool) -> None:
    """Add the frames of public targets, dry runs excepted, and their calibrations."""
    flags: dict[str, object] = {"with_simulated": with_simulated, "closed_uploads": chosen.closed_uploads}
    for table, sql, keys in (
        (PUBLIC_FRAMES, _FRAMES, ["target_id", "mjd", "frame_id"]),
        (PUBLIC_CALIBRATIONS, _CALIBRATIONS, ["target_id", "frame_id", "band", "catalogue"]),
    ):
        counts = lake.read(_COUNTED.format(sql), flags | {"target_ids": chosen.target_ids})
        for number, ids in enumerate(_parts(counts), start=1):
            rows = lake.read(sql, flags | {"target_ids": ids}).sort(keys, nulls_last=True)
            layout = Layout(sorted_by=("target_id",), whole="target_id")
            edition.add_rows(f"{table.name}/{number}.parquet", rows, table, layout)


def add_batches(edition: Edition, lake: Readable, chosen: Selection, *, with_simulated: bool) -> None:
    """Add the papers of public points and frames, without who did it and without unlisted parameters."""
    asked = {"target_ids": chosen.target_ids, "with_simulated": with_simulated} | {
        "closed_files": chosen.closed_files,
        "closed_uploads": chosen.closed_uploads,
    }
    rows = lake.read(_BATCHES, asked).with_columns(
        pl.when(pl.col("target_id").is_in(chosen.target_ids)).then("target_id").alias("target_id"),
        pl.col("parameters").map_elements(public_parameters, return_dtype=pl.String()),
    )
    _add_whole(edition, PUBLIC_BATCHES, rows.sort("made_mjd", "batch_id"))


def add_citations(edition: Edition, lake: Readable, chosen: Selection, *, with_simulated: bool) -> None:
    """Add one row for each archive and each thankful telescope that gave public points."""
    asked = {"target_ids": chosen.target_ids, "closed_files": chosen.closed_files}
    credits_ = lake.read(_CREDITS, asked | {"with_simulated": with_simulated})
    _add_whole(edition, CITATIONS, citations(credits_, chosen.thanks))


def citations(counted: pl.DataFrame, thanks: pl.DataFrame) -> pl.DataFrame:
    """Return whom to cite for points counted by ``source`` and ``facility``."""
    infos = {broker.info.key: broker.info for broker in BROKERS}
    by_source = counted.group_by("source").agg(pl.col("points").sum()).sort("source")
    rows: list[Mapping[str, object]] = []
    for source, points in by_source.iter_rows():
        info = infos.get(source)
        if source != _UPLOAD:
            rows.append({
                "kind": "archive", "key": source, "title": info.title if info else source,
                "bibcode": info.citation if info else "", "release": info.release if info else "",
                "acknowledgement": info.acknowledgement if info else "",
                "homepage": info.homepage if info else "", "points": points,
            })  # fmt: skip
    uploaded = counted.filter(pl.col("source") == _UPLOAD)
    by_facility = uploaded.group_by("facility").agg(pl.col("points").sum()).drop_nulls().sort("facility")
    for facility, points, words in by_facility.join(thanks, on="facility", how="left").iter_rows():
        rows.append({
            "kind": "facility", "key": facility, "title": facility, "bibcode": "", "release": "",
            "acknowledgement": words or "", "homepage": "", "points": points,
        })  # fmt: skip
    return pl.DataFrame(rows, schema=CITATIONS.schema)


def public_parameters(text: str) -> str:
    """Return the parameters of a batch that may be published, as JSON."""
    try:
        told = json.loads(text)
    except ValueError:
        return "{}"
    if not isinstance(told, dict):
        return "{}"
    return json.dumps({name: told[name] for name in sorted(told) if name in PUBLIC_PARAMETERS})


def _add_whole(edition: Edition, table: PublicTable, rows: pl.DataFrame) -> None:
    edition.add_rows(f"{table.name}.parquet", rows, table, Layout())


def _parts(counts: pl.DataFrame) -> list[list[int]]:
    """Return targets in groups whose rows make one file each."""
    parts: list[list[int]] = [[]]
    rows = 0
    for target_id, number in counts.iter_rows():
        if parts[-1] and rows + number > FILE_ROWS:
            parts.append([])
            rows = 0
        parts[-1].append(target_id)
        rows += number
    return parts
