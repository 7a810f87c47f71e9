"""LSDB opens the published catalogues by their address; needs the extra `hats`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from api_server import running
from installations import opened_in
from public_lakes import add_points, add_target, published

# In a process of its own: LSDB warns of things that are errors here, and starts threads of its own.
SCRIPT = """
import json, sys, warnings
warnings.simplefilter("ignore")
import lsdb
from hats.io.validation import is_valid_catalog

lake = sys.argv[1]
targets, points = lsdb.open_catalog(lake + "targets"), lsdb.open_catalog(lake + "photometry")
curves = targets.join_nested(
    points, left_on="target_id", right_on="target_id", nested_column_name="lc"
).compute()
star = curves[curves["name"] == "Star3"].iloc[0]
near = targets.cone_search(ra=float(star["ra_deg"]), dec=float(star["dec_deg"]), radius_arcsec=1.0).compute()
print(json.dumps({
    "valid": [bool(is_valid_catalog(lake + name)) for name in ("targets", "photometry")],
    "rows": [len(targets), len(points), len(curves)],
    "points": {name: len(curve) for name, curve in zip(curves["name"], curves["lc"])},
    "mags": sorted(float(mag) for mag in star["lc"]["mag"]),
    "near": near["name"].tolist(),
}))
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[float]]]:
    """Give the address of a served public lake, and the magnitudes of one star in it."""
    lake = opened_in(tmp_path_factory.mktemp("hats") / "data")
    mags = []
    for number in range(8):
        target = add_target(lake, f"Star{number}")
        add_points(lake, target, 20 + number)
        mags.append(sorted(lake.store.light_curve(target.target_id or 0)["mag"]))
    published(lake)
    with running(lake) as port:
        yield f"http://127.0.0.1:{port}/lake/latest/", mags[3]
    lake.close()


@pytest.mark.skipif(find_spec("lsdb") is None, reason="LSDB is not installed: pip install 'tomlake[hats]'")
def test_lsdb_opens_the_lake_by_its_address_and_nests_light_curves(address: tuple[str, list[float]]) -> None:
    url, mags = address
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, url], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["valid"] == [True, True]
    assert told["rows"] == [8, sum(20 + number for number in range(8)), 8]
    assert told["points"] == {f"Star{number}": 20 + number for number in range(8)}
    assert told["mags"] == mags
    assert told["near"] == ["Star3"]
