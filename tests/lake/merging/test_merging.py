"""Two targets become one and two again: nothing is lost, nothing private is shown, everything comes back."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from installations import on_servers, opened_in
from sqlalchemy import delete, insert, select, update

from engine.errors import Rejected, Transient
from engine.lightcurve import light_curve
from engine.target import Target, Visibility
from engine.times import mjd_now
from lake.archives import record_answer
from lake.changes import Change
from lake.inbox.accepting import upload
from lake.merging import merging
from lake.merging.merging import MergeState, list_merges, merge, unmerge
from lake.opening import Lake
from lake.operations import jobs, merges, metadata, reading, targets, uploads, writing
from lake.people.accounts import User
from lake.provenance import new_batch
from lake.rights import SYSTEM
from lake.tables import BATCHES, CALIBRATIONS, FRAME_STARS, FRAMES, PHOTOMETRY, SHELVES, TABLES
from lake.target_list import update_summary
from lake.targets import TargetFilter, add_alias, create_target, delete_target, find_targets, get_target

ADA, BOB = (
    User(user_id=n, username=name, full_name="", is_staff=False) for n, name in ((1, "ada"), (2, "bob"))
)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("merging") / "data")
    yield opened
    opened.close()


def pair_of(lake: Lake, **gone: object) -> tuple[int, int]:
    """Return the numbers of two targets 5 arcsec apart: the one to keep, the one to go."""
    number = next(NUMBERS)
    kept = Target(
        name=f"Kept {number}", ra_deg=0.3 * number, dec_deg=20.0, aliases=(("ZTF", f"ZTFk{number}"),)
    )
    place = {"name": f"Gone {number}", "ra_deg": kept.ra_deg, "dec_deg": 20.0 + 5 / 3600, "importance": 1 / 3}
    other = Target(
        **place | {"aliases": (("Gaia Alerts", f"Gaia{number}g"), ("ZTF", f"ZTFg{number}"))} | gone
    )
    ids = (create_target(lake.operations, each, by="ada").target_id or 0 for each in (kept, other))
    return next(ids), next(ids)


def points(target_id: int, source: str, refs: list[str]) -> pl.DataFrame:
    return light_curve(pl.DataFrame({"source_ref": refs}).with_columns(
        target_id=target_id, source=pl.lit(source), band=pl.lit("g(GaiaSP)"), mag_err=pl.lit(0.01),
        mjd=60000.0 + pl.int_range(len(refs)), mag=16.0 + pl.int_range(len(refs)) / 7,
    ))  # fmt: skip


def send(lake: Lake, target_id: int, sha256: str, *, dry_run: bool = False) -> int:
    """Return a new upload with a frame, its papers, a shelved processing and, unless dry, its point."""
    values = {
        "sha256": sha256, "size_bytes": 1, "filename": "a.fits", "kind": "fits_file", "target_id": target_id,
        "target_name": "as sent", "dry_run": dry_run, "uploaded_by": "ada", "received_mjd": mjd_now(),
        "result": "measured",
    }  # fmt: skip
    with writing(lake.operations) as connection:
        upload_id = int(
            connection.execute(insert(uploads).values(values).returning(uploads.c.upload_id)).scalar_one()
        )
    batch = new_batch("reduce", "upload", target_id=target_id, raw_sha256=sha256)
    own = {"frame_id": [f"u{upload_id}"], "upload_id": [upload_id], "target_id": [target_id]}
    rows = {
        FRAMES.name: pl.DataFrame(
            own | {"raw_sha256": [sha256], "dry_run": [dry_run], "sentences": [["a", "b"]]}
        ),
        CALIBRATIONS.name: pl.DataFrame(own | {"zero_point_mag": [24.1]}),
        FRAME_STARS.name: pl.DataFrame(own),
    }
    changes = [Change(table=table, rows=rows[table.name], keys=rows[table.name].select("frame_id"))
               for table in (FRAMES, CALIBRATIONS, FRAME_STARS)]  # fmt: skip
    curve = points(target_id, "upload", [f"{sha256}:"]).with_columns(upload_id=pl.lit(upload_id, pl.Int64))
    shelved = rows | {PHOTOMETRY.name: curve}
    changes += [
        Change(
            table=SHELVES[name],
            rows=each.with_columns(processing=pl.lit("old")),
            keys=each.select("upload_id"),
        )
        for name, each in shelved.items()
    ]
    if not dry_run:
        point = PHOTOMETRY.rows(points(target_id, "upload", [f"{sha256}:"]))
        changes.append(Change(table=PHOTOMETRY, rows=point, keys=point.select("target_id", "point_id")))
    lake.store.commit(changes, batch=batch)
    return upload_id


def everything(lake: Lake) -> dict[str, list[str]]:
    """Return every row of every table, but for the papers of batches and the merges themselves."""
    found = {}
    for table in TABLES:
        if table is not BATCHES:
            rows = table.rows(lake.store.read(f"SELECT * FROM lake.{table.name}"))
            found[table.name] = sorted(map(repr, rows.rows()))
    with reading(lake.operations) as connection:
        for each in metadata.sorted_tables:
            if each is not merges:
                found[each.name] = sorted(map(repr, connection.execute(select(each)).all()))
    return found


def counted(lake: Lake, *target_ids: int) -> None:
    for target_id in target_ids:
        update_summary(lake.operations, target_id, lake.store.light_curve(target_id))


def code_of(lake: Lake, kept_id: int, gone_id: int, by: User = SYSTEM) -> str:
    before = everything(lake)
    with pytest.raises((Rejected, Transient)) as refusal:
        merge(lake, kept_id, gone_id, by=by)
    assert everything(lake) == before
    return refusal.value.code


def test_uploads_frames_points_and_names_go_to_the_kept_target(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    mine, theirs = send(lake, kept_id, "m1"), send(lake, gone_id, "t1")
    lake.store.replace_points(
        gone_id, "ztf", points(gone_id, "ztf", ["1"]), batch=new_batch("harvest", "ztf")
    )
    gone = get_target(lake.operations, gone_id, SYSTEM)
    point_ids = set(lake.store.light_curve(gone_id).filter(pl.col("source") == "upload")["point_id"])
    done = merge(lake, kept_id, gone_id, by=ADA)
    assert (done.state, done.gone_name, done.made_by) == (MergeState.MERGED, gone.name, "ada")
    assert {upload(lake.operations, each, SYSTEM).target_id for each in (mine, theirs)} == {kept_id}
    curve = lake.store.light_curve(kept_id)
    assert set(curve["source_ref"]) == {"m1:", "t1:"}
    assert point_ids < set(curve["point_id"])
    for table in (
        "frames",
        "shelf_frames",
        "calibrations",
        "shelf_calibrations",
        "frame_stars",
        "shelf_photometry",
    ):
        sql = f"SELECT upload_id FROM lake.{table} WHERE target_id = $id"
        assert set(lake.store.read(sql, {"id": kept_id})["upload_id"]) == {mine, theirs}
    for name in (gone.name, *(alias for _, alias in gone.aliases), str(gone_id)):
        assert get_target(lake.operations, name, None).target_id == kept_id
    listed, _ = find_targets(lake.operations, TargetFilter(page_size=1000), SYSTEM)
    assert gone_id not in {row.target.target_id for row in listed}
    (row,) = [row for row in listed if row.target.target_id == kept_id]
    assert row.points == 2
    assert list_merges(lake.operations, ADA)[0] == done
    assert list_merges(lake.operations, BOB) == []


sent = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), unique=True, max_size=4)


@given(of_kept=sent, of_gone=sent, harvested=st.booleans())
@example(
    of_kept=[("a", False), ("b", True)],
    of_gone=[("a", False), ("a", True), ("b", False), ("c", True)],
    harvested=True,
)
@settings(
    max_examples=2 if on_servers() else 8,  # besides the one above
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_undoing_brings_every_row_of_every_table_back(
    lake: Lake, of_kept: list[tuple[str, bool]], of_gone: list[tuple[str, bool]], *, harvested: bool
) -> None:
    kept_id, gone_id = pair_of(lake)
    for target_id, files in ((kept_id, of_kept), (gone_id, of_gone)):
        for file, dry_run in files:
            send(lake, target_id, f"{file}{kept_id}", dry_run=dry_run)
        if harvested:
            lake.store.replace_points(
                target_id, "ztf", points(target_id, "ztf", ["1", "2"]), batch=new_batch("harvest", "ztf")
            )
            record_answer(lake.operations, "ztf", target_id, rows=2, latency_s=1 / 3)
    counted(lake, kept_id, gone_id)
    before = everything(lake)
    done = merge(lake, kept_id, gone_id, by=SYSTEM)
    files = [file for file, dry_run in of_gone if not dry_run]
    refs = lake.store.light_curve(kept_id).filter(pl.col("source") == "upload")["source_ref"].to_list()
    assert sorted(refs) == sorted(
        {f"{file}{kept_id}:" for file, dry in of_kept if not dry} | {f"{f}{kept_id}:" for f in files}
    )
    assert everything(lake) != before
    assert unmerge(lake, done.merge_id, by=SYSTEM).state == MergeState.PARTED
    assert everything(lake) == before


def test_what_came_after_a_merge_stays_where_it_came_to(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    send(lake, gone_id, "early")
    done = merge(lake, kept_id, gone_id, by=SYSTEM)
    later = send(lake, kept_id, "later")
    add_alias(lake.operations, kept_id, "TNS", f"AT2099k{kept_id}")
    unmerge(lake, done.merge_id, by=ADA)
    assert upload(lake.operations, later, SYSTEM).target_id == kept_id
    assert set(lake.store.light_curve(kept_id)["source_ref"]) == {"later:"}
    assert set(lake.store.light_curve(gone_id)["source_ref"]) == {"early:"}
    assert get_target(lake.operations, f"AT2099k{kept_id}", None).target_id == kept_id
    assert find_row(lake, gone_id) == (1, "early")


def find_row(lake: Lake, target_id: int) -> tuple[int, str]:
    with reading(lake.operations) as connection:
        number = connection.execute(
            select(targets.c.points).where(targets.c.target_id == target_id)
        ).scalar_one()
        sha256 = connection.execute(
            select(uploads.c.sha256).where(uploads.c.target_id == target_id)
        ).scalar_one()
    return int(number), str(sha256)


@pytest.mark.parametrize("step", ["carry", "_follow", "_ended"])
def test_a_merge_that_was_cut_short_is_finished_or_undone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    kept_id, gone_id = pair_of(lake)
    send(lake, gone_id, f"f{step}")
    counted(lake, kept_id, gone_id)
    before = everything(lake)

    def cut_short(*_: object, **__: object) -> None:
        raise ConnectionError("the power went")

    for _ in range(2):
        with monkeypatch.context() as patched, pytest.raises(ConnectionError):
            patched.setattr(merging, step, cut_short)
            merge(lake, kept_id, gone_id, by=SYSTEM)
    (unfinished,) = [each for each in list_merges(lake.operations, SYSTEM) if each.gone_id == gone_id]
    assert unfinished.state == MergeState.MERGING
    done = merge(lake, kept_id, gone_id, by=SYSTEM)
    assert (done.merge_id, done.state) == (unfinished.merge_id, MergeState.MERGED)
    assert set(lake.store.light_curve(kept_id)["source_ref"]) == {f"f{step}:"}
    with monkeypatch.context() as patched, pytest.raises(ConnectionError):
        patched.setattr(merging, step, cut_short)
        unmerge(lake, done.merge_id, by=SYSTEM)
    assert code_of(lake, kept_id, gone_id) == "merge-unfinished"
    unmerge(lake, done.merge_id, by=SYSTEM)
    assert everything(lake) == before


def test_merges_are_undone_in_their_order(lake: Lake) -> None:
    first_id, second_id = pair_of(lake)
    third = Target(name=f"Third {first_id}", ra_deg=0.0, dec_deg=20.0 - 5 / 3600)
    with reading(lake.operations) as connection:
        third = replace(third, ra_deg=connection.execute(
            select(targets.c.ra_deg).where(targets.c.target_id == first_id)).scalar_one())  # fmt: skip
    third_id = create_target(lake.operations, third, by="ada").target_id or 0
    send(lake, third_id, "three")
    before = everything(lake)
    inner = merge(lake, second_id, third_id, by=SYSTEM)
    outer = merge(lake, first_id, second_id, by=SYSTEM)
    assert get_target(lake.operations, str(third_id), None).target_id == first_id
    assert get_target(lake.operations, third.name, None).target_id == first_id
    with pytest.raises(Rejected) as refusal:
        unmerge(lake, inner.merge_id, by=SYSTEM)
    assert refusal.value.code == "later-merge"
    unmerge(lake, outer.merge_id, by=SYSTEM)
    unmerge(lake, inner.merge_id, by=SYSTEM)
    counted(lake, third_id)
    assert {name for name, rows in everything(lake).items() if rows != before[name]} == {"targets"}  # counted
    with pytest.raises(Rejected) as refusal:
        unmerge(lake, inner.merge_id, by=SYSTEM)
    assert refusal.value.code == "already-parted"


def test_a_target_comes_back_though_the_kept_one_was_deleted(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    send(lake, gone_id, "kept file")
    done = merge(lake, kept_id, gone_id, by=SYSTEM)
    delete_target(lake.operations, kept_id, user=SYSTEM)
    unmerge(lake, done.merge_id, by=ADA)
    assert find_row(lake, gone_id) == (1, "kept file")


def test_a_name_that_was_given_away_meanwhile_does_not_come_back(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    done = merge(lake, kept_id, gone_id, by=SYSTEM)
    delete_target(lake.operations, kept_id, user=SYSTEM)
    create_target(lake.operations, Target(name=done.gone_name, ra_deg=3.0, dec_deg=-80.0), by="bob")
    before = everything(lake)
    with pytest.raises(Rejected) as refusal:
        unmerge(lake, done.merge_id, by=SYSTEM)
    assert refusal.value.code == "name-taken"
    assert everything(lake) == before
    with writing(lake.operations) as connection:
        connection.execute(delete(targets).where(targets.c.dec_deg == -80.0))


def test_merging_needs_rights_on_both(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    assert code_of(lake, kept_id, gone_id, BOB) == "no-right"
    done = merge(lake, kept_id, gone_id, by=ADA)
    with pytest.raises(Rejected) as refusal:
        unmerge(lake, done.merge_id, by=BOB)
    assert refusal.value.code == "unknown-merge"
    assert "Gone" not in refusal.value.reason
    hidden_kept, hidden_gone = pair_of(lake, visibility=Visibility.PRIVATE)
    assert code_of(lake, hidden_kept, hidden_gone, BOB) == "unknown-target"


SOON = mjd_now() + 100.0
PRIVATE, PUBLIC = {"visibility": Visibility.PRIVATE}, {"visibility": Visibility.PUBLIC}
EMBARGO, LONGER, OVER = ({"embargo_until_mjd": until} for until in (SOON, SOON + 100.0, 50_000.0))


@pytest.mark.parametrize(
    ("kept", "gone", "is_allowed"),
    [
        (PUBLIC, PUBLIC, True), (PRIVATE, PUBLIC, True), (PRIVATE, PRIVATE, True), (EMBARGO, PUBLIC, True),
        (LONGER, EMBARGO, True), (PRIVATE, EMBARGO, True), (PUBLIC, OVER, True), (OVER, PUBLIC, True),
        (PUBLIC, PRIVATE, False), (PUBLIC, EMBARGO, False), (EMBARGO, LONGER, False),
        (EMBARGO, PRIVATE, False), (OVER, EMBARGO, False), (PRIVATE, PRIVATE | {"created_by": "bob"}, False),
        (PRIVATE, EMBARGO | {"created_by": "bob"}, False), (PRIVATE, PUBLIC | {"created_by": "bob"}, True),
    ],
)  # fmt: skip
def test_nobody_sees_more_after_a_merge_than_before(
    lake: Lake, kept: dict[str, object], gone: dict[str, object], is_allowed: bool
) -> None:
    kept_id, gone_id = pair_of(lake)
    for target_id, values in ((kept_id, kept), (gone_id, gone)):
        with writing(lake.operations) as connection:
            told = {name: getattr(value, "value", value) for name, value in values.items()}
            connection.execute(update(targets).where(targets.c.target_id == target_id).values(told))
    if is_allowed:
        merge(lake, kept_id, gone_id, by=SYSTEM)
    else:
        assert code_of(lake, kept_id, gone_id) == "would-disclose"


@pytest.mark.parametrize(
    ("gone", "code"),
    [
        ({"simulated": True}, "simulated-and-real"),
        ({"designation": "67P"}, "moves"),
        ({"dec_deg": 20.02}, "too-far"),
    ],
)
def test_what_is_another_thing_is_not_merged(lake: Lake, gone: dict[str, object], code: str) -> None:
    assert code_of(lake, *pair_of(lake, **gone)) == code


def test_a_target_is_not_merged_with_itself_or_with_nothing(lake: Lake) -> None:
    kept_id, _ = pair_of(lake)
    assert code_of(lake, kept_id, kept_id) == "same-target"
    assert code_of(lake, kept_id, 999_999) == "unknown-target"


def test_a_file_that_is_being_measured_is_waited_for(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    upload_id = send(lake, gone_id, "busy")
    job = {"kind": "reduce", "args": {"upload_id": str(upload_id)}, "state": "running",
           "not_before_mjd": 0.0, "created_mjd": 0.0}  # fmt: skip
    with writing(lake.operations) as connection:
        job_id = connection.execute(insert(jobs).values(job).returning(jobs.c.job_id)).scalar_one()
    assert code_of(lake, kept_id, gone_id) == "target-busy"
    with writing(lake.operations) as connection:
        connection.execute(update(jobs).where(jobs.c.job_id == job_id).values(state="done"))
    assert merge(lake, kept_id, gone_id, by=SYSTEM).state == MergeState.MERGED


def test_the_same_file_sent_to_both_stays_one_frame(lake: Lake) -> None:
    kept_id, gone_id = pair_of(lake)
    send(lake, kept_id, "twin")
    twin = send(lake, gone_id, "twin")
    done = merge(lake, kept_id, gone_id, by=SYSTEM)
    assert upload(lake.operations, twin, SYSTEM).target_id is None
    assert len(lake.store.light_curve(kept_id)) == 1
    unmerge(lake, done.merge_id, by=SYSTEM)
    assert upload(lake.operations, twin, SYSTEM).target_id == gone_id
    assert len(lake.store.light_curve(gone_id)) == 1
