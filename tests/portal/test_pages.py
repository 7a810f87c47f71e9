"""What pages say: of an empty lake, of simulated targets, of hostile names, and of the lake as it was."""

import pytest
from page_lakes import HOSTILE_NAME, HOSTILE_TEXT, REAL_NAME, SIMULATED_NAME
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from lake.opening import Lake
from lake.provenance import new_batch
from lake.snapshots import create_snapshot
from lake.targets import get_target

PAGES = (
    "home", "targets", "tonight", "proposals", "upload", "jobs", "archives", "observatories", "groups",
    "account", "target", "camera", "data", "learn", "frame",
)  # fmt: skip


def test_an_empty_lake_says_how_the_first_target_comes_in(empty_lake: Lake) -> None:
    assert "tomlake target add" in words(visit("home"))
    assert "Sign in to add the first one" in words(visit("targets"))


def add_target(at: AppTest, name: str, ra: str, dec: str) -> AppTest:
    """Fill the form that adds a target, and send it."""
    for field, value in zip(("Name", "RA", "Dec"), (name, ra, dec), strict=True):
        next(text for text in at.text_input if text.label == field).set_value(value)
    return next(button for button in at.button if button.label == "Add target").click().run()


def test_a_target_is_added_on_the_page_by_whoever_is_signed_in(
    full_lake: Lake,
    staff_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    assert not [button for button in visit("targets").button if button.label == "Add target"]
    signed_in(staff_session)
    at = add_target(visit("targets"), "Page 1", "05:00:00", "-66:10:51.2")
    assert not at.exception
    added = get_target(full_lake.operations, "Page 1", None)
    assert (added.ra_deg, added.dec_deg) == (pytest.approx(75.0), pytest.approx(-66.18089, abs=1e-5))


@pytest.mark.parametrize(
    ("name", "ra", "dec"),
    [("a/b", "1", "2"), ("Fine", "east", "2"), ("Fine", "1", "95"), (REAL_NAME, "1", "2"), ("", "1", "2")],
)
def test_a_target_that_cannot_be_is_refused_in_one_sentence(
    name: str,
    ra: str,
    dec: str,
    full_lake: Lake,
    staff_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(staff_session)
    at = add_target(visit("targets"), name, ra, dec)
    assert not at.exception
    assert len([warning for warning in at.warning if "Simulated" not in warning.value]) == 1


@pytest.mark.parametrize("page", ["home", "targets"])
def test_a_page_with_simulated_targets_says_so(page: str, full_lake: Lake) -> None:
    assert "Simulated" in words(visit(page))


def test_a_simulated_target_carries_badge_and_banner(full_lake: Lake) -> None:
    shown = words(visit("target", name=SIMULATED_NAME))
    assert "belong to the demo" in shown
    assert ":material/science:" in shown


def test_an_observed_target_carries_neither(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME)
    assert not at.warning
    assert ":material/science:" not in words(at)
    assert len(at.get("vega_lite_chart")) == 1


def test_a_light_curve_is_told_to_those_who_cannot_see_it(full_lake: Lake) -> None:
    chart = visit("target", name=SIMULATED_NAME).get("vega_lite_chart")[0]
    assert f"Light curve of {SIMULATED_NAME}" in chart.proto.alt


@pytest.mark.parametrize("asked", ["Sim26", "", "<script>alert(1)</script>", "' OR 1=1 --", "Secret1"])
def test_an_unknown_target_gets_a_friendly_page(asked: str, full_lake: Lake) -> None:
    at = visit("target", name=asked)
    assert not at.exception
    assert at.title[0].value == "No such target"


def test_a_mistyped_name_is_answered_with_names_that_begin_alike(full_lake: Lake) -> None:
    links = visit("target", name="Sim26aaX").get("page_link")
    assert f"**{SIMULATED_NAME}**" in [link.proto.label for link in links]


def test_the_frames_of_a_target_show_verdict_sentences_and_picture(full_lake: Lake) -> None:
    at = visit("target", name=SIMULATED_NAME)
    at.session_state["target_tab"] = ":material/photo_camera: Frames"
    at.run()
    shown = words(at)
    assert not at.exception
    assert "16.321 ± 0.021 mag" in shown
    assert r"The frame has \<60\> reference stars\." in shown
    assert len(at.get("image")) == 2  # the rejected frame has no picture


def test_a_hostile_name_and_description_stay_plain_text(full_lake: Lake) -> None:
    at = visit("target", name=HOSTILE_NAME)
    assert not at.exception
    assert HOSTILE_TEXT in [text.value for text in at.text]
    assert all(HOSTILE_TEXT not in str(markdown.value) for markdown in at.markdown)
    assert at.title[0].value == r"\[x\]\* \_\#1 'A' \*b\*"


def test_a_hostile_observer_is_escaped_in_the_credits(full_lake: Lake) -> None:
    html = "".join(block.proto.body for block in visit("target", name=SIMULATED_NAME).get("html"))
    assert "&lt;b&gt;Eve&lt;/b&gt;" in html
    assert "<b>Eve" not in html


def test_the_list_of_targets_is_filtered_and_keeps_the_filters_in_the_address(full_lake: Lake) -> None:
    at = visit("targets")
    at.text_input(key="targets_name").set_value("sim26").run()
    assert at.dataframe[0].value["Target"].to_list() == [SIMULATED_NAME]
    assert at.query_params["q"] == "sim26"


def test_the_list_of_targets_obeys_an_address_that_somebody_sent(full_lake: Lake) -> None:
    at = visit("targets", q="Gaia", order="Name")
    assert at.dataframe[0].value["Target"].to_list() == [REAL_NAME]
    assert at.selectbox(key="targets_order").value == "Name"


def test_filters_that_fit_nothing_can_be_cleared(full_lake: Lake) -> None:
    at = visit("targets", q="no such name anywhere")
    at.button[0].click().run()
    assert not at.exception
    assert len(at.dataframe[0].value) == 50


def test_a_search_for_an_exact_name_opens_its_page(full_lake: Lake) -> None:
    at = visit("home")
    at.text_input[0].set_value("gaia22DKV")
    at.button[0].click().run()
    assert not at.exception
    assert at.title[0].value == REAL_NAME


def test_a_search_for_a_part_of_a_name_opens_the_list(full_lake: Lake) -> None:
    at = visit("home")
    at.text_input[0].set_value("many0")
    at.button[0].click().run()
    assert at.title[0].value == "Targets"
    assert len(at.dataframe[0].value) == 10


def test_uploading_asks_for_a_sign_in_first(full_lake: Lake) -> None:
    assert "Sign in to upload" in words(visit("upload"))


def test_an_observer_chooses_target_and_camera_before_files_are_taken(
    full_lake: Lake,
    observer_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(observer_session)
    at = visit("upload", target=REAL_NAME)
    assert not at.exception
    assert at.selectbox(key="upload_target").value == REAL_NAME
    assert "Ostrowik_CCD1" in at.selectbox(key="upload_camera").options


def test_a_token_is_shown_once_and_can_be_revoked(
    full_lake: Lake,
    observer_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(observer_session)
    at = visit("account")
    at.text_input[0].set_value("dome *computer*")
    next(button for button in at.button if button.label == "Make token").click().run()
    assert at.code[0].value.startswith("tl_")
    assert "dome *computer*" in [text.value for text in at.text]
    at.run()
    assert not at.code
    revoke = next(button for button in at.button if button.label == "Revoke")
    revoke.click().run()
    assert "You have no tokens" in words(at)


def test_staff_sees_why_a_job_failed_and_lets_it_run_again(
    full_lake: Lake,
    staff_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    signed_in(staff_session)
    at = visit("jobs")
    jobs = at.dataframe[0].value
    rejected = int(jobs[jobs["State"] == "rejected"]["Job"].iloc[0])
    at.number_input(key="jobs_number").set_value(rejected).run()
    assert "The target lies outside the frame" in "".join(block.proto.body for block in at.get("html"))
    at.button(key="job_retry").click().run()
    assert not at.exception
    again = at.dataframe[0].value
    assert again[again["Job"] == rejected]["State"].iloc[0] == "waiting"


def test_the_public_has_no_buttons_on_jobs(full_lake: Lake) -> None:
    assert not visit("jobs").button


def test_jobs_and_uploads_of_simulated_targets_say_so(
    full_lake: Lake,
    staff_session: str,
    signed_in,  # noqa: ANN001
) -> None:
    subjects = visit("jobs").dataframe[0].value["For"].to_list()
    assert [subject for subject in subjects if "simulated" in subject] == [
        subject for subject in subjects if subject.startswith(SIMULATED_NAME)
    ]
    signed_in(staff_session)
    assert "belongs to the demo" in words(visit("upload", target=SIMULATED_NAME))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_lake_as_it_was_and_says_so(page: str, full_lake: Lake) -> None:
    target = get_target(full_lake.operations, REAL_NAME, None)
    points = full_lake.store.light_curve(target.target_id or 0)
    then = full_lake.store.version()
    create_snapshot(full_lake, f"Paper{page}")
    try:
        full_lake.store.replace_points(
            target.target_id or 0, points["source"][0], points.clear(), batch=new_batch("test", "test")
        )
        at = visit(page, name=REAL_NAME, as_of=f"Paper{page}")

        assert not at.exception
        assert f"Paper{page}" in at.info[0].value
        assert f"version {then:,}" in at.info[0].value
        if page == "target":
            assert f"as_of=Paper{page}" in at.code[0].value  # the permalink stays in that version
            assert f"{len(points):,}" in "".join(str(html.value) for html in at.get("html"))
    finally:
        old = full_lake.store.light_curve(target.target_id or 0, as_of=then).drop("batch_id")
        of_source = old.filter(old["source"] == points["source"][0])
        full_lake.store.replace_points(
            target.target_id or 0, points["source"][0], of_source, batch=new_batch("test", "test")
        )


def test_a_version_that_nobody_knows_is_refused_in_one_sentence(full_lake: Lake) -> None:
    at = visit("target", name=REAL_NAME, as_of="1999-01-01")
    assert not at.exception
    assert len(at.error) == 1
    assert not at.title
