"""The shapes of real bodies that no archive module reads: notices, tokens, other services' rows."""

import json
from pathlib import Path

import pytest

from engine.brokers.reading.json_answers import json_object, json_of, json_table, records
from engine.brokers.reading.shape import changes, shape_of

# file, how many names it has, the first and the last of them
BODIES = (
    ("boom/boom_query_0.json", 3, "access_token", "token_type"),
    ("boom/boom_query_1.json", 2, "data.query[]", "message"),
    ("pittgoogle/pittgoogle_rows_ZTF19acfixfe.json", 7, "objectId", "rows[].sigmapsf"),
    ("transients_fyi/tfyi_tonight.json", 47, "dark.darkness", "version"),
    ("ogle_extinction/ogle_getext_gal_0_3.txt", 11, "A_I", "mu"),
    ("gw_gcn/gcnschema_circulars.example.json", 10, "$schema", "submitter"),
    ("gw_gcn/gcnschema_einstein_probe_wxt_alert.example.json", 11, "$schema", "trigger_time"),
    ("gw_gcn/gcnschema_fermi_gbm_trigger.final.example.json", 32, "$schema", "trigger_type"),
    ("gw_gcn/gcnschema_fermi_lat_flare.example.json", 17, "$schema", "reference_catalog"),
    ("gw_gcn/gcnschema_icecube_lvk_nu_track_search.example.json", 25, "$schema", "type"),
    (
        "gw_gcn/gcnschema_icecube_single_neutrino_alerts.gold_bronze_track_alerts.example.json",
        23,
        "$schema",
        "trigger_time",
    ),
    ("gw_gcn/gcnschema_km3net_alert.example.json", 31, "$schema", "trigger_time"),
    ("gw_gcn/gcnschema_svom_eclairs_trigger.slewing.example.json", 15, "$schema", "trigger_type"),
    ("gw_gcn/gcnschema_swift_bat_Guano.example.json", 18, "$schema", "trigger_time"),
    ("gw_gcn/skyportal_AMON_icecube.xml", 21, "AMON_ID", "src_error_90"),
    ("gw_gcn/skyportal_EP240508.json", 10, "$schema", "trigger_time"),
    ("gw_gcn/skyportal_GRB180116A_Fermi_GBM_Gnd_Pos.xml", 45, "Algorithm", "Values_Out_of_Range"),
    ("gw_gcn/skyportal_GW190425_initial.xml", 21, "AlertType", "skymap_fits"),
    ("gw_gcn/skyportal_SWIFT_1125809-092.xml", 80, "Already_Observing_Position", "Values_Out_of_Range"),
    ("gw_gcn/skyportal_igwn_gwalert_preliminary_trimmed.json", 22, "alert_type", "urls.gracedb"),
    ("gw_gcn/skyportal_igwn_gwalert_retraction.json", 6, "alert_type", "urls.gracedb"),
)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[0].rpartition("/")[2])
def test_the_names_of_a_real_body_are_told(body: tuple[str, int, str, str], shared: Path) -> None:
    name, number, first, last = body
    found = shape_of((shared / "archives" / name).read_bytes())
    assert (len(found), found[0], found[-1]) == (number, first, last)


def test_a_retraction_is_told_apart_from_an_alert_by_its_names(shared: Path) -> None:
    folder = shared / "archives" / "gw_gcn"
    alert = (folder / "skyportal_igwn_gwalert_preliminary_trimmed.json").read_bytes()
    retraction = (folder / "skyportal_igwn_gwalert_retraction.json").read_bytes()
    told = changes(shape_of(alert), shape_of(retraction))
    assert "event is new" in told  # it is null, where the alert has its parts
    assert "event.classification.BBH is gone" in told


def test_rows_of_another_broker_are_read_as_a_table(shared: Path) -> None:
    body = (shared / "archives" / "pittgoogle" / "pittgoogle_rows_ZTF19acfixfe.json").read_bytes()
    said = json_object(json_of(body, title="Pitt-Google"), title="Pitt-Google")
    assert json.loads(body)["objectId"] == said["objectId"] == "ZTF19acfixfe"
    rows = records(said["rows"], title="Pitt-Google")
    numbers = ("jd", "fid", "magpsf", "sigmapsf", "ra", "decl")
    table = json_table(rows, title="Pitt-Google", numbers=numbers)
    assert len(table) == 30
    assert table.select(numbers).row(0) == (
        2460284.6400694, 2.0, 18.53768539428711, 0.07838702946901321, 322.9617119, 49.2337582,
    )  # fmt: skip
    assert table.select(numbers).row(-1) == (
        2460581.637963, 1.0, 19.36705207824707, 0.12897561490535736, 322.9617198, 49.2337348,
    )  # fmt: skip
