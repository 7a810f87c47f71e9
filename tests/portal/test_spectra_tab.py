"""The tab Spectra: what is drawn is what was sent, lines stand where a redshift puts them, rights hold."""

import csv
import io
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest
from page_lakes import PASSWORD, REAL_NAME
from page_visits import visit, words
from streamlit.testing.v1 import AppTest

from engine.sent.spectrum import Spectrum
from engine.spectral_lines import AIR_OF_EARTH, LINES, in_vacuum, observed_angstrom
from engine.target import Target, Visibility
from lake.inbox.accepting import UploadRequest, accept
from lake.inbox.changes import share_upload
from lake.inbox.uploads import UploadKind, UploadResult, UploadStatus, set_upload_result
from lake.opening import Lake
from lake.people.accounts import create_user, find_user, open_session
from lake.queue import claim, finish
from lake.rights import SYSTEM, Shared
from lake.targets import create_target, delete_target
from portal.one_target.spectra import GROUPS_AT_FIRST, spectra, spectra_chart, spectra_csv, thinned

SPECTRA = ":material/waves: Spectra"
NAME = "Spec26a"
WAVES = np.linspace(4000.0, 9000.0, 60)
TEXT = "# DATE-OBS: 2026-01-02T03:04:05\n# FACILITY: =SPRAT\nwavelength flux\n" + "".join(
    f"{wave:.3f} {1e-15 * (wave / 4000):.6e}\n" for wave in WAVES
)  # hand-made


def send_spectrum(lake: Lake, body: str, *, dry_run: bool = False) -> int:
    reception = lake.raw.receive()
    reception.write(body.encode())
    request = UploadRequest(
        target=NAME, filename="s.txt", kind=UploadKind.SPECTROSCOPY, uploaded_by="maker", dry_run=dry_run
    )
    sent = accept(lake, reception.finish(), request)
    job = claim(lake.operations, "test", lease_s=60)
    assert job is not None
    result = UploadResult(
        upload_id=sent.upload_id, status=UploadStatus.MEASURED, code="spectrum", reason="A spectrum."
    )
    set_upload_result(lake.operations, job, result)
    finish(lake.operations, job, "A spectrum.")
    return sent.upload_id


@pytest.fixture
def target(full_lake: Lake) -> Iterator[Target]:
    while (job := claim(full_lake.operations, "test", lease_s=60)) is not None:
        finish(full_lake.operations, job, "Out of the way.")
    made = create_target(full_lake.operations, Target(name=NAME, ra_deg=300.0, dec_deg=40.0), by="maker")
    yield made
    delete_target(full_lake.operations, made.target_id or 0, user=SYSTEM)


def open_spectra(name: str, **query: str) -> AppTest:
    at = visit("target", name=name, **query)
    at.session_state["target_tab"] = SPECTRA
    return at.run()


def test_a_target_without_spectra_says_how_one_is_added(full_lake: Lake) -> None:
    assert "data_product_type=spectroscopy" in words(open_spectra(REAL_NAME))


def test_a_spectrum_is_shown_with_its_observer_and_given_as_it_was_sent(
    full_lake: Lake, target: Target
) -> None:
    send_spectrum(full_lake, TEXT)
    at = open_spectra(NAME)
    assert not at.exception
    assert len(at.get("vega_lite_chart")) == 1
    assert "Observed by Mia Maker" in words(at)
    rows = list(csv.DictReader(io.StringIO(spectra_csv(spectra(target, None)).decode())))
    np.testing.assert_allclose([float(row["wavelength_angstrom"]) for row in rows], WAVES, atol=1e-3)
    assert {row["observers"] for row in rows} == {"Mia Maker"}
    assert {row["facility"] for row in rows} == {"'=SPRAT"}  # no formula


def test_a_link_with_a_redshift_opens_the_tab_and_moves_the_lines(full_lake: Lake, target: Target) -> None:
    send_spectrum(full_lake, TEXT)
    at = visit("target", name=NAME, z="0.1")
    assert at.number_input(key=f"redshift_of_{target.target_id}").value == 0.1
    at.slider(key=f"redshift_slider_of_{target.target_id}").set_value(0.2).run()
    assert not at.exception
    assert at.number_input(key=f"redshift_of_{target.target_id}").value == 0.2
    assert str(at.query_params["z"]).strip("[]'") == "0.2"


@pytest.mark.parametrize("text", ["nan", "-1", "1e9", "<b>", ""])
def test_a_redshift_that_is_none_counts_as_zero(full_lake: Lake, target: Target, text: str) -> None:
    send_spectrum(full_lake, TEXT)
    at = open_spectra(NAME, z=text)
    assert not at.exception
    assert at.number_input(key=f"redshift_of_{target.target_id}").value == 0.0


def test_lines_that_the_spectrum_does_not_reach_are_not_marked(full_lake: Lake, target: Target) -> None:
    send_spectrum(full_lake, TEXT)
    shown = spectra(target, None)

    def marked(redshift: float) -> set[str]:
        drawn = spectra_chart(shown, groups=["Hydrogen"], redshift=redshift, is_vacuum=False)
        return set(drawn.rows.filter(pl.col("kind") == "line")["name"])

    assert marked(0.0) == {"Hα", "Hβ", "Hγ", "Hδ"}
    assert marked(0.5) == {"Hβ", "Hγ", "Hδ", "Hε"}


def test_names_of_lines_stand_apart_and_every_line_keeps_its_name(full_lake: Lake, target: Target) -> None:
    send_spectrum(full_lake, TEXT)
    groups = ["Hydrogen", "Helium", "Calcium", "Sodium", "Nebular"]
    drawn = spectra_chart(spectra(target, None), groups=groups, redshift=0.1, is_vacuum=True)
    lines = drawn.rows.filter(pl.col("kind") == "line")
    named = lines.filter(pl.col("label") != "")
    assert named["angstrom"].diff().drop_nulls().min() >= 0.02 * 5000.0  # type: ignore[operator]
    assert lines.filter(pl.col("name") == "").is_empty()
    assert len(named) < len(lines)


def test_only_who_may_see_an_upload_sees_its_spectrum(
    full_lake: Lake, target: Target, signed_in  # noqa: ANN001
) -> None:  # fmt: skip
    number = send_spectrum(full_lake, TEXT)
    shared = Shared(owner="maker", visibility=Visibility.PRIVATE)
    share_upload(full_lake, number, shared, user=SYSTEM)
    assert "No spectra yet" in words(open_spectra(NAME))
    for name, is_shown in (("spectral.stranger", False), ("maker", True)):
        known = find_user(full_lake.operations, name)
        person = known or create_user(full_lake.operations, name, PASSWORD, full_name=name)
        signed_in(open_session(full_lake.operations, person))
        assert ("No spectra yet" not in words(open_spectra(NAME))) == is_shown
        assert len(spectra(target, person)) == int(is_shown)


def test_a_trial_and_lost_bytes_are_no_spectra(full_lake: Lake, target: Target) -> None:
    send_spectrum(full_lake, TEXT, dry_run=True)
    send_spectrum(full_lake, "no spectrum at all\n")
    assert spectra(target, None) == []


def test_thinning_keeps_the_light_and_the_reach() -> None:
    rng = np.random.default_rng(3)
    whole = Spectrum(wavelength_angstrom=np.linspace(3000, 9000, 100_000), flux=rng.normal(5.0, 1.0, 100_000))
    few = thinned(whole, 4000)
    assert len(few.flux) == 4000
    assert few.flux.mean() == pytest.approx(whole.flux.mean())
    assert few.flux.std() == pytest.approx(0.2, rel=0.1)  # means of 25
    assert thinned(few, 4000) is few
    odd = thinned(Spectrum(wavelength_angstrom=np.arange(1.0, 8.0), flux=np.arange(7.0)), 3)
    assert odd.flux.tolist() == [1.0, 4.0, 6.0]


def test_lines_stand_where_the_literature_has_them_in_vacuum_and_air() -> None:
    """Vacuum wavelengths of the SDSS line list (classic.sdss.org/dr6/algorithms/linestable.html)."""
    rest = {(line.name, round(line.rest_angstrom)): line.rest_angstrom for line in LINES}
    for name, air, vacuum in (("Hα", 6563, 6564.61), ("Hβ", 4861, 4862.68), ("[O III]", 5007, 5008.24)):
        assert in_vacuum(rest[(name, air)]) == pytest.approx(vacuum, abs=0.05)
    assert in_vacuum(1500.0) == 1500.0
    oxygen = next(line for line in LINES if line.group == AIR_OF_EARTH)
    assert observed_angstrom(oxygen, redshift=1.0, vacuum=False) == oxygen.rest_angstrom
    assert set(GROUPS_AT_FIRST) <= {line.group for line in LINES}
