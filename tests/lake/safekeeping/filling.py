"""A lake with something in every table, and writers that go on writing."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count

import numpy as np
import polars as pl
import pyotp
from sqlalchemy import insert

from engine.brokers.streams.protocol import Rule, candidates
from engine.errors import Rejected, Transient
from engine.frame import Camera
from engine.photometry.references import REFERENCE_SCHEMA
from engine.target import Target
from lake.archives import record_answer, record_failure
from lake.changes import Change
from lake.ephemerides import NODES, KeptEphemeris, Wanted, keep_ephemeris
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.quarantine import put_aside
from lake.notices.following import follow
from lake.notices.kinds import Kind, Mail, Wish
from lake.notices.wishes import wish
from lake.opening import Lake
from lake.operations import merges, seals, writing
from lake.people.accounts import User, create_user, find_user, issue_token, open_session
from lake.people.audit import note_download
from lake.people.comments import add_comment
from lake.people.favourites import add_favourite
from lake.people.first_run import set_up_key
from lake.people.groups import create_group
from lake.people.identities import Identity, account_of
from lake.people.profile import Profile, change_profile
from lake.people.saved_lists import save_filters, save_targets
from lake.people.second_factor import begin_second_factor, confirm_second_factor
from lake.people.sign_in_attempts import begin_attempt
from lake.people.sign_up import Request, ask_for_account
from lake.people.terms import Terms, accept_terms
from lake.proposals import store_candidates
from lake.provenance import new_batch
from lake.queue import claim, enqueue, finish
from lake.references import cells_of_stars, put_cell
from lake.rights import SYSTEM
from lake.safekeeping.checksums import Checksum, database_checksums, lake_tables, table_checksum
from lake.safekeeping.moment import moment_of
from lake.sites.facts import keep_facts
from lake.sites.observatories import Observatory, add_camera, add_observatory
from lake.snapshots import create_snapshot
from lake.tables import CALIBRATIONS, FRAME_STARS, FRAMES, SHELVES
from lake.target_groups import add_to_group
from lake.targets import create_target, get_target
from lake.watches import Watch, add_watch

PASSWORD = "a long password of nobody"


def points(target_id: int, source: str, *, n: int = 40, seed: int = 0) -> pl.DataFrame:
    """Return light-curve rows with every kind of value: long numbers, nulls, words in any script."""
    rng = np.random.default_rng((target_id, seed))
    return pl.DataFrame({"source_ref": [f"{source} {number} {seed}" for number in range(n)]}).with_columns(
        target_id=target_id,
        source=pl.lit(source),
        mjd=pl.Series(60000 + np.sort(rng.uniform(0, 400, n))),
        exptime_s=pl.Series(rng.choice([30.0, 0.1, None], n).astype(float)).fill_nan(None),
        band=pl.lit("g(GaiaSP)"),
        mag=pl.Series(rng.normal(17, 1, n)),
        mag_err=pl.Series(rng.uniform(1e-9, 0.2, n)),
        facility=pl.lit("Obserwatorium Ostrowik – Świder"),
        observer=pl.lit(""),
    )


def fill(lake: Lake) -> None:
    """Put something into every table of the lake and of the operations."""
    user = create_user(lake.operations, "ada", PASSWORD, full_name="Ada Lovelace", is_staff=True)
    create_group(lake.operations, "Owls", by=find_user(lake.operations, "ada") or SYSTEM)
    issue_token(lake.operations, user, name="script")
    open_session(lake.operations, user)
    _fill_account(lake, user)
    observatory = add_observatory(
        lake.operations,
        Observatory(
            name="Ostrowik", longitude_deg=21.4, latitude_deg=52.1, altitude_m=110.0, telescope="60 cm"
        ),
        by="ada",
    )
    camera = Camera(name="ZWO", facility="Ostrowik", longitude_deg=21.4, latitude_deg=52.1, altitude_m=110.0)
    add_camera(lake.operations, observatory.observatory_id, camera, by="ada")
    for number in range(1, 5):
        target = Target(
            name=f"Gaia22ab{number}",
            ra_deg=10.0 * number,
            dec_deg=20.0 + 1e-13,
            aliases=(("AAVSO", f"x{number}"),),
        )
        target_id = create_target(lake.operations, target, by="ada").target_id
        for source in ("ztf", "gaia_alerts"):
            raw = lake.raw.put(f"answer of {source} about {target_id}".encode())
            batch = new_batch("harvest", source, target_id=target_id, raw_sha256=raw)
            lake.store.replace_points(target_id, source, points(target_id, source), batch=batch)
    _fill_frames(lake)
    _fill_operations(lake)
    save_filters(lake.operations, "Bright", {"brighter": "15"}, by=user)
    save_targets(lake.operations, "Mine", [1, 2], by=user)
    create_snapshot(lake, "paper-2026a", note="as printed", by="ada")
    later = new_batch("harvest", "ztf", target_id=1)
    lake.store.replace_points(1, "ztf", points(1, "ztf", n=25, seed=1), batch=later)  # leaves a delete file


def _fill_account(lake: Lake, user: User) -> None:
    change_profile(lake.operations, user, Profile(full_name="Ada Lovelace", email="ada@example.org"))
    secret = begin_second_factor(lake.operations, user).secret
    confirm_second_factor(lake.operations, user, pyotp.TOTP(secret).now())
    accept_terms(lake.operations, user, Terms(version="1", text="Be kind.", text_sha256="0" * 64))
    ask_for_account(lake.operations, lake.settings, Request(username="bob", password=PASSWORD))
    set_up_key(lake.operations)


def _fill_frames(lake: Lake) -> None:
    ids = {"frame_id": "1-0", "upload_id": 1, "target_id": 1}
    cutout = lake.raw.put(b"pixels")
    sentences = {"sentences": ["one, two", "", "it's"], "notes": []}
    frame = {**ids, **sentences, "dry_run": False, "cutout_sha256": cutout}
    fit = {**ids, "chosen": True, "scatter_mag": 0.01}
    stars = pl.DataFrame([{**ids, "ref_id": f"star {number}", "x": number / 3} for number in range(9)])
    keys = pl.DataFrame({"upload_id": [1]})
    changes = [
        Change(table=FRAMES, rows=pl.DataFrame([frame]), keys=keys),
        Change(table=CALIBRATIONS, rows=pl.DataFrame([fit]), keys=keys),
        Change(table=FRAME_STARS, rows=stars, keys=keys),
    ]
    own = {"processing": pl.lit("older code"), "upload_id": pl.lit(1)}
    shelved = [
        Change(table=SHELVES[name], rows=rows.with_columns(**own), keys=keys)
        for name, rows in (
            *((each.table.name, each.rows) for each in changes),
            ("photometry", points(1, "upload")),
        )
    ]
    batch = new_batch("reduce", "upload", target_id=1, raw_sha256=cutout)
    lake.store.commit([*changes, *shelved], batch=batch)
    row = dict.fromkeys(REFERENCE_SCHEMA) | {"ref_id": "Gaia 1", "ra_deg": 10.0, "dec_deg": 20.0}
    stars = pl.DataFrame([row], schema=REFERENCE_SCHEMA)
    cell = int(cells_of_stars(stars)[0])
    put_cell(lake.store, cell, stars, batch=new_batch("references", "gaia_gspc"))


def _fill_operations(lake: Lake) -> None:
    with lake.raw.receive() as reception:
        reception.write(b"SIMPLE  =")
        raw_file = reception.finish()
    accept(lake, raw_file, UploadRequest(target="Gaia22ab1", filename="a.fits", uploaded_by="ada"))
    job = claim(lake.operations, "worker")
    assert job is not None
    finish(lake.operations, job, "It was measured.")
    enqueue(lake.operations, "harvest", {"archive": "ztf", "target_id": "1"})
    record_answer(lake.operations, "ztf", 1, rows=40, latency_s=0.5)
    record_failure(lake.operations, "neowise", 2, Transient("It is down.", code="unreachable"))
    with writing(lake.operations) as connection:
        names = {column.name: "" for column in seals.columns}
        numbers = {"seal_id": 1, "object_id": 2**40, "version": 3, "size_bytes": 4, "made_mjd": 61000.0}
        connection.execute(insert(seals).values(names | numbers))
        record = {"target": {"ra_deg": 1 / 3, "name": "Świder"}, "names": [["ZTF", "x"]], "last_mag": None}
        merged = {
            "gone_id": 900,
            "kept_id": 1,
            "state": "merged",
            "record": record,
            "made_mjd": 61000.0 + 1 / 3,
        }
        connection.execute(insert(merges).values(merged))
    _fill_people(lake)
    rule = Rule(classification="SN candidate", brighter_than_mag=18.5)
    watch = add_watch(lake.operations, Watch(name="näher", stream="fink_ztf", rule=rule), by="ada")
    found = {"name": "ZTF26aaaaaaa", "ra_deg": 1.0 / 3.0, "dec_deg": -5.0, "mjd": 61312.1, "mag": 17.9}
    store_candidates(lake.operations, watch, candidates([found]))
    nodes = pl.DataFrame([dict.fromkeys(NODES, 1.0 / 3.0) | {"v_mag": None}])
    kept = KeptEphemeris(designation="2024 AA", asked_mjd=61000.0 + 1 / 3, nodes=nodes)
    keep_ephemeris(lake.operations, Wanted(target_id=1), kept)


def _fill_people(lake: Lake) -> None:
    ada = find_user(lake.operations, "ada")
    assert ada is not None
    account_of(lake.operations, Identity(provider="https://orcid.example", subject="0-1"), signed_in=ada)
    begin_attempt(lake.operations, provider="orcid", then_path="/", user_id=ada.user_id)
    put_aside(lake.operations, 1, Rejected("It is no image.", code="unreadable"))
    add_comment(lake.operations, "Gaia22ab1", "Świetlista noc – it's, bright", by=ada)
    add_to_group(lake.operations, "näher", "Gaia22ab1", by=ada)
    add_favourite(lake.operations, "Ostrowik_ZWO", comment="ours", user=ada)
    target = get_target(lake.operations, "Gaia22ab1", ada)
    note_download(lake.operations, target, who=ada, address="2001:db8::1")
    follow(lake, 1, change_mag=1.0 / 3.0, user=ada)
    wish(lake.operations, {Kind.CHANGE: Wish(mail=Mail.DAILY)}, user=ada)
    facts = {"approx_lim_mag": 1.0 / 3.0, "authors": "Świder"}
    keep_facts(lake.operations, "Ostrowik_ZWO", observatory=facts, camera={"binning": 2})


@contextmanager
def writers(lake: Lake, *, threads: int = 2) -> Iterator[None]:
    """Keep writing new targets, points and jobs while the body runs."""
    stop = threading.Event()
    numbers = count(1)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.is_set():
                number = next(numbers)
                target = Target(name=f"W{number}", ra_deg=100 + number * 0.1, dec_deg=-30.0)
                target_id = create_target(lake.operations, target, by="ada").target_id
                rows = points(target_id, "ztf", n=10)
                lake.store.replace_points(target_id, "ztf", rows, batch=new_batch("harvest", "ztf"))
                record_answer(lake.operations, "ztf", target_id, rows=len(rows), latency_s=0.1)
        except BaseException as error:
            failures.append(error)
            raise

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in running:
            thread.join()
    assert not failures


def nothing(_step: str, _fraction: float) -> None:
    """Take what is told of the progress."""


def lake_sums(lake: Lake, *, version: int | None = None) -> dict[str, Checksum]:
    """Return the checksum of each of the lake's tables, read through its own catalog."""
    with closing(lake.store.backend.connect(read_only=True, version=version)) as connection:
        tables = lake_tables(connection)
        return {table: table_checksum(connection, table, columns) for table, columns in tables.items()}


def database_sums(lake: Lake) -> dict[str, Checksum]:
    """Return the checksum of each table of operations and catalog."""
    with moment_of(lake) as moment:
        return database_checksums(moment.operations) | database_checksums(moment.catalog)
