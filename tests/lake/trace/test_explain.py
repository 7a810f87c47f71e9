"""Every point leads back to its bytes, its code and the people who made it, for whoever may see it."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import IO

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from installations import opened_in
from prov_check import check_prov
from traced_lakes import add_points

from engine.errors import Rejected
from engine.frame import Camera
from engine.photometry.calibration import BandFit, Calibration
from engine.photometry.verdict import STARS_SCHEMA, Reduction, Status
from engine.target import Target, Visibility
from lake.frame_rows import FrameOrigin
from lake.frames import save_reduction
from lake.inbox.accepting import UploadRequest, accept
from lake.opening import Lake
from lake.people.accounts import User, create_user
from lake.provenance import new_batch
from lake.raw import RawStore
from lake.rights import SYSTEM
from lake.targets import create_target, delete_target
from lake.trace.explain import Explanation, explain, kept_bytes
from lake.trace.prov import prov_json
from lake.trace.story import story

BODY = b"the bytes of an image" * 30


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = opened_in(tmp_path_factory.mktemp("explain") / "data")
    create_user(opened.operations, "ada", "a long enough one", full_name="Ada L.")
    create_user(opened.operations, "bob", "a long enough one", full_name="Bob")
    yield opened
    opened.close()


def target(lake: Lake, number: int, **values: object) -> Target:
    star = Target(name=f"Star {number}", ra_deg=11.0 * number, dec_deg=3.0)
    return create_target(lake.operations, replace(star, **values), by="ada")


def first_point(lake: Lake, target_id: int) -> int:
    return int(lake.store.light_curve(target_id)["point_id"][0])


def calibration() -> Calibration:
    """Return a calibration of one candidate band, which was chosen."""
    fit = BandFit(
        band="g(GaiaSP)", catalogue="GaiaSP", zero_point_mag=24.1, zero_point_err_mag=0.004, colour_term=0.02,
        colour_term_err=0.01, scatter_mag=0.03, intrinsic_mag=0.01, stars=41, outlier_fraction=0.05,
        is_good=True, probability=0.9,
    )  # fmt: skip
    same = {each.name: getattr(fit, each.name) for each in fields(BandFit) if each.name != "is_good"}
    return Calibration(
        **same, colour_name="BP-RP", colour_zero_mag=0.8, colour_spread_mag=0.3, spatial=None,
        runner_up="", runner_up_probability=0.0, fits=(fit,), residuals=pl.DataFrame(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def uploaded(lake: Lake) -> Explanation:
    """Return the explanation of a point that came from somebody's image."""
    star = target(lake, 1)
    with lake.raw.receive() as reception:
        reception.write(BODY)
        raw_file = reception.finish()
    request = UploadRequest(
        target=star.name, filename="night 1.fits", uploaded_by="ada", observers=("bob", "ada")
    )
    sent = accept(lake, raw_file, request)
    stars = pl.DataFrame({"ref_id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]})
    reduction = Reduction(
        status=Status.MEASURED, file="night 1.fits", reason="It was measured.", band="g(GaiaSP)", mag=16.5,
        calibration=calibration(), mag_err=0.02, mjd=60100.25, exptime_s=30.0, filter_name="G",
        sentences=("Nine stars were seen.",),
        stars_table=stars.select(
            (pl.col(name) if name in stars.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in STARS_SCHEMA.items()
        ),
    )  # fmt: skip
    origin = FrameOrigin(
        upload_id=sent.upload_id, raw_sha256=raw_file.sha256, target=star, camera=Camera(name="ZWO"),
        observer="Ada L., Bob",
    )  # fmt: skip
    batch = new_batch(
        "reduce", "upload", target_id=star.target_id, raw_sha256=raw_file.sha256, by="ada",
        parameters={"requested": "any"},
    )  # fmt: skip
    save_reduction(lake, origin, [reduction], batch=batch)
    return explain(lake, first_point(lake, star.target_id or 0), SYSTEM)


def test_an_archives_point_leads_to_its_answer_its_code_and_its_version(lake: Lake) -> None:
    star = target(lake, 2)
    version = add_points(lake, star.target_id or 0, 3)
    told = explain(lake, first_point(lake, star.target_id or 0), None)
    assert (told.target_name, told.point.mag, told.point.band) == ("Star 2", 17.0, "ZTF(zg)")
    assert told.batch is not None
    assert told.raw is not None
    assert (told.batch.task, told.batch.by, told.batch.raw_sha256) == ("harvest", "ada", told.raw.sha256)
    assert told.raw.is_sound
    assert told.raw.size_bytes == len(f"answer about {star.target_id}: 3 17.0") * 20
    assert told.commit is not None
    assert (told.commit.version, told.commit.author) == (version, "ada")
    assert told.commit.made_mjd == pytest.approx(told.batch.made_mjd, abs=1e-3)
    assert (told.upload, told.frame, told.calibration) == (None, None, None)


def test_an_images_point_leads_to_its_file_its_observers_and_its_stars(uploaded: Explanation) -> None:
    assert uploaded.upload is not None
    assert uploaded.frame is not None
    assert uploaded.raw is not None
    assert (uploaded.upload.filename, uploaded.upload.observers) == ("night 1.fits", ("bob", "ada"))
    assert (uploaded.frame.status, uploaded.frame.stars) == ("measured", 3)
    assert uploaded.raw.size_bytes == len(BODY)
    assert uploaded.raw.is_sound


def test_the_story_tells_everything_in_sentences(uploaded: Explanation) -> None:
    chapters = story(uploaded)
    text = "\n".join(sentence for _, sentences in chapters for sentence in sentences)
    assert chapters[0][0] == f"Point {uploaded.point.point_id} of Star 1"
    for words in (
        "16.5000 ± 0.0200 mag in the band g(GaiaSP)", "2023-06-05 06:00:00 UTC", "Exposure: 30 s",
        "ada sent the file night 1.fits", "observers: bob, ada", "Nine stars were seen.",
        "3 comparison stars", "with 41 stars of GaiaSP", "Zero point 24.1000 ± 0.0040 mag",
        "colour term 0.0200 in BP-RP", "kept and sound", "It came with version",
    ):  # fmt: skip
        assert words in text
    assert all(sentence.endswith((".", "!")) for _, sentences in chapters for sentence in sentences)


def test_the_provenance_document_is_valid_and_complete(lake: Lake, uploaded: Explanation) -> None:
    document = prov_json(uploaded)
    check_prov(json.loads(json.dumps(document)))
    kinds = {name.split("/")[0] for part in ("entity", "activity", "agent") for name in document[part]}
    assert kinds == {
        "tomlake:point", "tomlake:raw", "tomlake:frame", "tomlake:batch", "tomlake:software", "tomlake:agent",
        "tomlake:person", "tomlake:calibration",
    }  # fmt: skip
    assert set(document) == {
        "prefix", "entity", "activity", "agent", "wasGeneratedBy", "used", "wasDerivedFrom",
        "wasAssociatedWith", "wasAttributedTo",
    }  # fmt: skip
    star = target(lake, 6)
    add_points(lake, star.target_id or 0, 2)
    archived = prov_json(explain(lake, first_point(lake, star.target_id or 0), None))
    check_prov(json.loads(json.dumps(archived)))
    assert "tomlake:archive/ztf" in archived["agent"]


@given(person=st.text(min_size=1, max_size=12), parameters=st.text(max_size=20))
@example(person=".", parameters="")
@hypothesis_settings(max_examples=40, deadline=None)
def test_whatever_people_are_called_the_document_stays_valid(
    uploaded: Explanation, person: str, parameters: str
) -> None:
    assert uploaded.batch is not None
    assert uploaded.upload is not None
    try:
        person.encode()
    except UnicodeEncodeError:
        return
    odd = replace(
        uploaded,
        batch=replace(uploaded.batch, by=person, parameters=parameters),
        upload=replace(uploaded.upload, uploaded_by=person),
    )
    check_prov(json.loads(json.dumps(prov_json(odd))))


def test_points_of_hidden_targets_are_refused_in_the_words_for_unknown_ones(lake: Lake) -> None:
    private = target(lake, 3, visibility=Visibility.PRIVATE)
    embargoed = target(lake, 4, embargo_until_mjd=99_000.0)
    for star in (private, embargoed):
        add_points(lake, star.target_id or 0, 2)
        point_id = first_point(lake, star.target_id or 0)
        stranger = User(user_id=9, username="bob", full_name="Bob", is_staff=False)
        for user in (None, stranger):
            with pytest.raises(Rejected) as refusal:
                explain(lake, point_id, user)
            assert (refusal.value.code, refusal.value.reason) == (
                "unknown-point",
                f"There is no point {point_id}.",
            )
        assert explain(lake, point_id, replace(stranger, username="ada")).target_name == star.name
        assert explain(lake, point_id, SYSTEM).target_name == star.name


def test_a_deleted_targets_points_are_told_to_staff_only(lake: Lake) -> None:
    star = target(lake, 5)
    add_points(lake, star.target_id or 0, 2)
    point_id = first_point(lake, star.target_id or 0)
    delete_target(lake.operations, star.target_id or 0, user=SYSTEM)
    assert explain(lake, point_id, SYSTEM).target_name is None
    with pytest.raises(Rejected) as refusal:
        explain(lake, point_id, None)
    assert refusal.value.code == "unknown-point"


@pytest.mark.parametrize("point_id", [0, -1, 2**63 - 1, -(2**63), 2**63, 10**30, -(10**30)])
def test_a_number_that_is_no_point_is_refused(lake: Lake, point_id: int) -> None:
    with pytest.raises(Rejected) as refusal:
        explain(lake, point_id, SYSTEM)
    assert refusal.value.code == "unknown-point"


def test_what_is_lost_is_said(lake: Lake) -> None:
    star = target(lake, 7)
    add_points(lake, star.target_id or 0, 2)
    point_id = first_point(lake, star.target_id or 0)
    sha256 = lake.store.batch(lake.store.light_curve(star.target_id or 0)["batch_id"][0]).raw_sha256
    lake.raw.remove(sha256)
    with lake.store.exclusive() as connection:
        connection.execute("CALL ducklake_expire_snapshots('lake', older_than => now())").fetchall()
    add_points(lake, star.target_id or 0, 0)
    told = explain(lake, point_id, SYSTEM)
    text = " ".join(sentence for _, sentences in story(told) for sentence in sentences)
    assert told.raw is not None
    assert told.raw.size_bytes is None
    assert "They are not kept here." in text
    check_prov(json.loads(json.dumps(prov_json(told))))


def test_sound_bytes_are_hashed_once_until_somebody_writes_to_their_file(tmp_path: Path) -> None:
    class Counted(RawStore):
        opened = 0

        def open(self, sha256: str) -> IO[bytes]:
            self.opened += 1
            return super().open(sha256)

    raw = Counted(str(tmp_path / "raw"))
    sha256 = raw.put(b"what an archive said" * 1000)
    first = kept_bytes(raw, sha256)
    assert (first.is_sound, first.size_bytes) == (True, 20_000)
    assert kept_bytes(raw, sha256) == first
    assert raw.opened == 1
    (file,) = (tmp_path / "raw").glob("*/*.zst")
    body = bytearray(file.read_bytes())
    body[len(body) // 2] ^= 1
    file.write_bytes(body)
    assert not kept_bytes(raw, sha256).is_sound
    file.unlink()
    assert kept_bytes(raw, sha256).size_bytes is None
