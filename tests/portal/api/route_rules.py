"""Every route of the API and what it must do for whom: a new route needs a line here, or the gate closes.

In words between braces stands what differs from target to target: ``{target}`` is its name, ``{target_id}``,
``{upload_id}``, ``{frame_id}``, ``{point_id}`` and ``{job_id}`` are what hangs on it, ``{group}`` a group of
targets that holds it alone.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from starlette.routing import Route

from portal.api.app import PARTS
from portal.api.v1.app import PARTS as V1_PARTS

Key = tuple[str, str]


class Who(StrEnum):
    """Who of those who see a target is given what they ask for."""

    SEES = "sees"
    SIGNED_IN = "signed in"  # who sees it and has an account
    CHANGES = "changes"  # its maker and staff; the members of this matrix' group are no editors
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How a route that tells of a target is asked, and who is given an answer."""

    who: Who = Who.SIGNED_IN
    json: dict[str, object] | None = None
    data: dict[str, str] | None = None
    query: dict[str, str] = field(default_factory=dict)
    files: bool = False
    content: bytes | None = None
    path: str = ""  # where it differs from the route's
    is_last: bool = False  # it takes the target away: each person tries on one of their own
    is_list: bool = False  # what may not be seen is left out: no refusal


FORM = {"target": "{target}", "data_product_type": "fits_file"}
BY_NAME: dict[str, object] = {"name": "{target}"}
V1 = "/api/v1/targets/{name}"
AT = "/api/v1/targets/{target}"
FRAME = "/api/v1/frames/{frame_id}"

ABOUT_TARGETS: dict[Key, Rule] = {
    ("GET", "/download/{name}.csv"): Rule(who=Who.SEES, path="/download/{target}.csv"),
    ("GET", "/download/targets/{format}"): Rule(
        who=Who.SEES, path="/download/targets/json", query={"q": "{target}"}, is_list=True
    ),
    ("POST", "/upload"): Rule(data=FORM, files=True),
    ("POST", "/dataproducts/upload"): Rule(data=FORM, files=True),
    ("PUT", "/session/upload"): Rule(path="/session/upload?target={target}&name=a.fits", content=b"x"),
    # BHTOM's
    ("POST", "/targets/getTargetList"): Rule(json=BY_NAME, is_list=True),
    ("GET", "/targets/getTargetList"): Rule(query={"name": "{target}"}, is_list=True),
    ("POST", "/targets/download-photometry"): Rule(json=BY_NAME),
    ("POST", "/targets/download-radio"): Rule(json=BY_NAME),
    ("POST", "/targets/download-high-energy"): Rule(json=BY_NAME),
    ("POST", "/targets/get-plots"): Rule(json={"targetNames": ["{target}"]}),
    ("POST", "/targets/targets-from-group"): Rule(json={"name": "{group}"}, is_list=True),
    ("PATCH", "/targets/updateTarget/{name}"): Rule(
        who=Who.CHANGES, path="/targets/updateTarget/{target}", json={"importance": 3}
    ),
    ("DELETE", "/targets/deleteTarget"): Rule(who=Who.CHANGES, json=BY_NAME, is_last=True),
    ("GET", "/calibration/get_alert_lc_data"): Rule(who=Who.SEES, query={"alert_name": "{target}"}),
    ("POST", "/calibration/get-calibration-res"): Rule(
        who=Who.CHANGES, json={"calibid": ["{upload_id}"]}, is_list=True
    ),
    ("POST", "/calibration/restart-calib-by-id"): Rule(
        who=Who.STAFF, json={"id_from": "{upload_id}", "id_to": "{upload_id}"}
    ),
    ("POST", "/calibration/restart-calib-by-dataproduct"): Rule(
        who=Who.STAFF, json={"data_product_id": "{upload_id}"}
    ),
    ("POST", "/calibration/restart-calib-by-target"): Rule(who=Who.STAFF, json={"target_name": "{target}"}),
    ("POST", "/common/api/data"): Rule(json={"target_name": "{target}"}, is_list=True),
    ("POST", "/common/api/comments"): Rule(json={"target": "{target}"}, is_list=True),
    ("POST", "/common/api/reducedDatum"): Rule(json={"target_name": "{target}"}),
    ("POST", "/common/api/downloadPhotometryFile"): Rule(json={"id": "{upload_id}"}),
    ("POST", "/common/api/changeObservers"): Rule(
        who=Who.CHANGES, json={"id": "{upload_id}", "observers": ["owner"]}
    ),
    ("POST", "/api/change-observers"): Rule(
        who=Who.CHANGES, json={"id": "{upload_id}", "observers": ["owner"]}
    ),
    ("DELETE", "/common/api/deleteDataProduct"): Rule(
        who=Who.CHANGES, json={"id": "{upload_id}"}, is_last=True
    ),
    ("GET", "/dataproducts/download/photometry/{upload_id}"): Rule(
        path="/dataproducts/download/photometry/{upload_id}"
    ),
    ("POST", "/calibration/get-cpcs-archive"): Rule(
        json={"ra": "{ra_deg}", "dec": "-5", "radius": "60"}, is_list=True
    ),
    ("POST", "/common/api/deactivateReducedDatum"): Rule(who=Who.STAFF, json={
        "target_name": "{target}", "mjd": 60000.5, "mag": 15.5, "magerr": 0.1, "filter": "V(GaiaSP)",
    }, is_last=True),
    ("DELETE", "/common/api/deleteReducedDatum"): Rule(who=Who.STAFF, json={
        "target_name": "{target}", "mjd": 60000.5, "mag": 15.5, "magerr": 0.1, "filter": "V(GaiaSP)",
    }, is_last=True),
    # ours
    ("GET", "/api/v1/targets"): Rule(who=Who.SEES, query={"name": "{target}"}, is_list=True),
    ("GET", "/api/v1/search"): Rule(who=Who.SEES, query={"q": "{target}"}, is_list=True),
    ("GET", "/api/v1/cone"): Rule(
        who=Who.SEES, query={"ra_deg": "{ra_deg}", "dec_deg": "-5", "radius_arcsec": "60"}, is_list=True
    ),
    ("GET", V1): Rule(who=Who.SEES, path=AT),
    ("PATCH", V1): Rule(who=Who.CHANGES, path=AT, json={"importance": 4}),
    ("DELETE", V1): Rule(who=Who.CHANGES, path=AT, is_last=True),
    ("GET", f"{V1}/archives"): Rule(who=Who.SEES, path=f"{AT}/archives"),
    ("POST", f"{V1}/archives"): Rule(path=f"{AT}/archives", json={"archives": ["ztf"]}),
    ("GET", f"{V1}/frames"): Rule(who=Who.SEES, path=f"{AT}/frames"),
    ("GET", f"{V1}/light-curve"): Rule(who=Who.SEES, path=f"{AT}/light-curve"),
    ("GET", f"{V1}/light-curve/changes"): Rule(who=Who.SEES, path=f"{AT}/light-curve/changes"),
    ("GET", "/api/v1/light-curves"): Rule(who=Who.SEES, query={"targets": "{target}"}),
    ("GET", f"{V1}/archives/{{archive}}/answers"): Rule(who=Who.SEES, path=f"{AT}/archives/ztf/answers"),
    ("GET", f"{V1}/points/{{point_id}}"): Rule(who=Who.SEES, path=f"{AT}/points/{{point_id}}"),
    ("GET", f"{V1}/comments"): Rule(who=Who.SEES, path=f"{AT}/comments"),
    ("POST", f"{V1}/comments"): Rule(path=f"{AT}/comments", json={"text": "Seen."}),
    ("GET", f"{V1}/sharing"): Rule(who=Who.SEES, path=f"{AT}/sharing"),
    ("PUT", f"{V1}/sharing"): Rule(
        who=Who.CHANGES, path=f"{AT}/sharing", json={"visibility": "public"}, is_last=True
    ),
    ("GET", "/api/v1/uploads/{upload_id}/sharing"): Rule(
        who=Who.SEES, path="/api/v1/uploads/{upload_id}/sharing"
    ),
    ("PUT", "/api/v1/uploads/{upload_id}/sharing"): Rule(
        who=Who.CHANGES, path="/api/v1/uploads/{upload_id}/sharing", json={"visibility": "public"}
    ),
    ("GET", "/api/v1/frames/{frame_id}"): Rule(who=Who.SEES, path=FRAME),
    ("GET", "/api/v1/frames/{frame_id}/calibrations"): Rule(who=Who.SEES, path=f"{FRAME}/calibrations"),
    ("GET", "/api/v1/frames/{frame_id}/stars"): Rule(who=Who.SEES, path=f"{FRAME}/stars"),
    ("GET", "/api/v1/frames/{frame_id}/picture"): Rule(who=Who.SEES, path=f"{FRAME}/picture"),
    ("GET", "/api/v1/frames/{frame_id}/raw"): Rule(who=Who.SEES, path=f"{FRAME}/raw"),
    ("GET", "/api/v1/uploads"): Rule(who=Who.SEES, query={"target": "{target}"}),
    ("GET", "/api/v1/uploads/{upload_id}"): Rule(who=Who.SEES, path="/api/v1/uploads/{upload_id}"),
    ("GET", "/api/v1/jobs/{job_id}"): Rule(who=Who.SEES, path="/api/v1/jobs/{job_id}"),
    ("POST", "/api/v1/uploads"): Rule(query={"target": "{target}", "filename": "a.fits"}, content=b"x"),
    ("POST", "/api/v1/transfers"): Rule(
        json={"target": "{target}", "filename": "a.fits", "size_bytes": 1}
    ),
    ("GET", "/api/vo/scs"): Rule(
        who=Who.SEES, query={"RA": "{ra_deg}", "DEC": "-5", "SR": "0.02"}, is_list=True
    ),
    ("POST", "/api/vo/scs"): Rule(
        who=Who.SEES, data={"RA": "{ra_deg}", "DEC": "-5", "SR": "0.02"}, is_list=True
    ),
}  # fmt: skip

TRANSFER = "one person's half-sent file, theirs alone: test_v1 shows that nobody else finds it"
CAMERAS = "telescopes and cameras are everybody's to see; test_bhtom_observatories shows who changes them"
GROUPS = "groups are their members': test_v1_people shows that nobody else finds them"
NOTICES = "one's own notices; test_v1_people shows that nobody else reads or marks them"
OWN_TOKENS = "one's own tokens; test_v1_people shows that nobody else finds them"
# routes that tell nothing of one target, each with why
NOT_ABOUT_TARGETS: dict[Key, str] = {
    ("POST", "/targets/createTarget"): "makes one; that a place is taken is told without the name",
    ("POST", "/api/v1/targets"): "makes one; that a place is taken is told without the name",
    ("POST", "/targets/target-groups"): "names of groups; one without a target that is seen is not told",
    ("POST", "/targets/get-downloaded-target-list"): "the log of downloads, for staff",
    ("POST", "/api/token-auth"): "gives a token for a password",
    ("POST", "/session/login"): "opens a session",
    ("POST", "/session/logout"): "ends a session",
    ("GET", "/session/language"): "keeps a language",
    ("POST", "/session/oidc/{provider}"): "sends the browser to a sign-in service",
    ("GET", "/session/oidc/{provider}/back"): "opens a session for whom the service names",
    ("PUT", "/session/sample-frame"): "reads the header that is sent, and knows of no target",
    ("GET", "/api/v1/observatories/{oname}/accuracy"): "of frames that one may see: test_accuracy_route",
    ("POST", "/session/oidc/{provider}/finish"): "opens a session, once the terms and the code are given",
    ("POST", "/session/sign-up"): "takes a request for an account",
    ("GET", "/api/health"): "tells whether the installation works",
    ("GET", "/common/api/users/me"): "tells whose token it is",
    ("GET", "/calibration/get-catalogs"): "the list of filters",
    ("POST", "/observatory/addFavouriteObservatory"): CAMERAS,
    ("POST", "/observatory/createObservatory"): CAMERAS,
    ("DELETE", "/observatory/deleteFavouriteObservatory"): CAMERAS,
    ("POST", "/observatory/getFavouriteObservatory"): CAMERAS,
    ("POST", "/observatory/getObservatoryList"): CAMERAS,
    ("PATCH", "/observatory/updateObservatory"): CAMERAS,
    ("POST", "/observatory/updateObservatory"): CAMERAS,
    ("GET", "/observatory/get-cameras/{observatory_id}/{user_id}"): CAMERAS,
    ("GET", "/observatory/get-favorite-cameras/{observatory_id}/{user_id}"): CAMERAS,
    ("GET", "/api/v1/observatories"): CAMERAS,
    ("POST", "/api/v1/observatories"): CAMERAS,
    ("POST", "/api/v1/observatories/import"): CAMERAS,
    ("GET", "/api/v1/observatories/{name}"): CAMERAS,
    ("PATCH", "/api/v1/observatories/{name}"): CAMERAS,
    ("POST", "/api/v1/observatories/{name}/cameras"): CAMERAS,
    ("GET", "/api/v1/cameras/{oname}"): CAMERAS,
    ("PATCH", "/api/v1/cameras/{oname}"): CAMERAS,
    ("DELETE", "/api/v1/cameras/{oname}"): CAMERAS,
    ("POST", "/api/v1/cameras/{oname}/approve"): CAMERAS,
    ("GET", "/api/v1/favourites"): CAMERAS,
    ("PUT", "/api/v1/favourites/{oname}"): CAMERAS,
    ("DELETE", "/api/v1/favourites/{oname}"): CAMERAS,
    ("GET", "/api/v1/notices"): NOTICES,
    ("PATCH", "/api/v1/notices"): NOTICES,
    ("GET", "/api/v1/groups"): GROUPS,
    ("POST", "/api/v1/groups"): GROUPS,
    ("GET", "/api/v1/groups/{group}"): GROUPS,
    ("DELETE", "/api/v1/groups/{group}"): GROUPS,
    ("GET", "/api/v1/groups/{group}/members"): GROUPS,
    ("PUT", "/api/v1/groups/{group}/members/{username}"): GROUPS,
    ("DELETE", "/api/v1/groups/{group}/members/{username}"): GROUPS,
    ("GET", "/api/v1/tokens"): OWN_TOKENS,
    ("POST", "/api/v1/tokens"): OWN_TOKENS,
    ("DELETE", "/api/v1/tokens/{token_id}"): OWN_TOKENS,
    ("POST", "/api/v1/tokens/{token_id}/rotate"): OWN_TOKENS,
    ("DELETE", "/api/v1/comments/{comment_id}"): "one's own comment; test_v1_people shows that no other goes",
    ("GET", "/api/v1/audit"): "the log, for staff",
    ("POST", "/photometry-upload"): "takes its token as a hashtag: test_bhtom_uploads asks it",
    ("POST", "/calibFile"): "calibrates what is sent with it, and keeps nothing",
    ("POST", "/common/api/users"): "of people; for staff",
    ("POST", "/api/get-users-details"): "of people; for staff",
    ("POST", "/targets/cleanTargetListCache"): "says OK to staff",
    ("POST", "/targets/cleanTargetDetailCache"): "says OK to staff",
    ("POST", "/targets/cleanTargetDetailsCache"): "says OK to staff",
    ("POST", "/targets/getDownloadedTargetList"): "the log of downloads, for staff",
    (
        "GET",
        "/api/v1/tonight",
    ): "a plan: test_tonight_route shows that hidden targets stay out",
    ("GET", "/api/v1/archives"): "how archives fare, without targets",
    ("GET", "/api/v1/jobs"): "the list of jobs: what they are about is told as jobs/{job_id} tells it",
    ("GET", "/api/v1/docs"): "the page of the description",
    ("GET", "/api/v1/snapshots"): "names of versions of the lake",
    ("POST", "/api/v1/snapshots"): "names a version of the lake, for staff",
    ("GET", "/api/v1/snapshots/{name}"): "one named version",
    ("GET", "/api/v1/version"): "the version of the lake",
    ("GET", "/api/v1/frames/{frame_id}/cutout"): "a picture, which no frame of this matrix has: see test_v1",
    ("GET", f"{V1}/archives/{{archive}}/answers/{{batch_id}}"): "one raw answer: test_v1_points asks it",
    ("GET", "/api/v1/transfers/{transfer_id}"): TRANSFER,
    ("PATCH", "/api/v1/transfers/{transfer_id}"): TRANSFER,
    ("DELETE", "/api/v1/transfers/{transfer_id}"): TRANSFER,
    ("GET", "/api/vo/scs/availability"): "describes a service",
    ("GET", "/api/vo/scs/capabilities"): "describes a service",
    ("GET", "/api/vo/{rest:path}"): "refuses what is not there",
    ("POST", "/api/vo/{rest:path}"): "refuses what is not there",
}
# what is published is everybody's; lake.public.selection chooses it
PUBLISHED = ("/lake", "/api/sql", "/api/vo/tap")


def every_route() -> set[Key]:
    """Return method and path of every route, those under ``/api/v1`` with their whole path."""
    return {
        (method, (base + route.path).rstrip("/"))
        for base, parts in (("", PARTS), ("/api/v1", V1_PARTS))
        for part in parts
        for route in part.router.routes
        if isinstance(route, Route)
        for method in (route.methods or ())
        if method not in {"HEAD", "OPTIONS"}
    }
