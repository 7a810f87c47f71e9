"""An explanation as W3C PROV-JSON: what was made of what, by which act, and who answers for it.

References
----------
Huynh et al. 2013, The PROV-JSON Serialization, W3C member submission.
"""

from collections.abc import Mapping
from urllib.parse import quote

from engine.times import datetime_of
from lake.trace.explain import Explanation

Json = str | int | float | bool | None | Mapping[str, "Json"]
Facts = Mapping[str, str | int | float | bool | None]
NAMESPACE = "https://github.com/tomlake/tomlake/ns#"


def prov_json(told: Explanation) -> dict[str, Json]:
    """Return the document: entities, activities, agents and the relations between them."""
    names = _Names(told)
    document: dict[str, Json] = {
        "prefix": {"tomlake": NAMESPACE},
        "entity": _entities(told, names),
        "activity": _activities(told, names),
        "agent": _agents(told, names),
        **_relations(told, names),
    }
    return {part: content for part, content in document.items() if content}


class _Names:
    """The qualified names of everything that a document speaks of; empty where there is no such thing."""

    def __init__(self, told: Explanation) -> None:
        batch, sent = told.batch, told.upload
        self.point = _name("point", told.point.point_id)
        self.raw = _name("raw", told.raw.sha256) if told.raw else ""
        self.frame = _name("frame", told.frame.frame_id) if told.frame else ""
        self.calibration = _name("calibration", f"{told.frame.frame_id}/{told.calibration.band}") if (
            told.frame and told.calibration
        ) else ""  # fmt: skip
        self.batch = _name("batch", batch.batch_id) if batch else ""
        self.software = _name("software", f"tomlake/{batch.code_version}") if batch else ""
        self.maker = _name("agent", batch.by) if batch and batch.by else ""
        people = (sent.uploaded_by, *sent.observers) if sent else ()
        self.people = {person: _name("person", person) for person in people}
        self.archive = _name("archive", told.point.source) if sent is None else ""


def _entities(told: Explanation, names: _Names) -> dict[str, Json]:
    point = told.point
    facts = {
        "target_id": point.target_id, "target": told.target_name, "source": point.source,
        "source_ref": point.source_ref, "mjd_utc": point.mjd, "bjd_tdb": point.bjd_tdb,
        "exptime_s": point.exptime_s, "band": point.band, "mag": point.mag, "mag_err": point.mag_err,
        "flux_ujy": point.flux_ujy, "flux_err_ujy": point.flux_err_ujy, "limit_mag": point.limit_mag,
        "calib_version": point.calib_version, "flags": point.flags,
        "lake_version": told.commit.version if told.commit else None,
    }  # fmt: skip
    entities: dict[str, Json] = {names.point: _described("Point", facts)}
    if told.raw:
        raw: Facts = {
            "sha256": told.raw.sha256,
            "size_bytes": told.raw.size_bytes,
            "sound": told.raw.is_sound,
        }
        sent = {"filename": told.upload.filename if told.upload else None}
        entities[names.raw] = _described("RawFile", {**raw, **sent})
    if told.frame:
        frame: Facts = {"status": told.frame.status, "verdict": told.frame.reason, "stars": told.frame.stars}
        entities[names.frame] = _described("Frame", {**frame, "filter": told.frame.filter_name})
    if told.calibration and names.calibration:
        fit = told.calibration
        entities[names.calibration] = _described(
            "Calibration",
            {
                "band": fit.band, "catalogue": fit.catalogue, "zero_point_mag": fit.zero_point_mag,
                "zero_point_err_mag": fit.zero_point_err_mag, "colour_term": fit.colour_term,
                "scatter_mag": fit.scatter_mag, "stars": fit.stars,
            },
        )  # fmt: skip
    return entities


def _activities(told: Explanation, names: _Names) -> dict[str, Json]:
    if told.batch is None:
        return {}
    facts = {"task": told.batch.task, "source": told.batch.source, "parameters": told.batch.parameters}
    return {names.batch: {**_described("Batch", facts), "prov:startTime": _time(told.batch.made_mjd)}}


def _agents(told: Explanation, names: _Names) -> dict[str, Json]:
    agents: dict[str, Json] = {}
    if told.batch:
        version = {"version": told.batch.code_version}
        agents[names.software] = _described("SoftwareAgent", version, prefix="prov")
    if names.maker:
        agents[names.maker] = _described("Agent", {"name": told.batch.by if told.batch else ""})
    if names.archive:
        agents[names.archive] = _described("Organization", {"key": told.point.source}, prefix="prov")
    for person, name in names.people.items():
        agents[name] = _described("Person", {"name": person}, prefix="prov")
    return agents


def _relations(told: Explanation, names: _Names) -> dict[str, Json]:
    made = [name for name in (names.point, names.frame, names.calibration) if name]
    sources = [
        (names.point, names.calibration),
        (names.point, names.frame),
        (names.calibration, names.frame),
        (names.frame or names.point, names.raw),
    ]
    derived = [(made_of, used) for made_of, used in sources if made_of and used]
    act = {"prov:activity": names.batch}
    generated = {**act, "prov:time": _time(told.batch.made_mjd)} if told.batch else {}
    answering = [names.archive] if names.archive else list(names.people.values())
    return {
        "wasGeneratedBy": _numbered("g", [{"prov:entity": each, **generated} for each in made if generated]),
        "used": _numbered("u", [{**act, "prov:entity": names.raw}] if names.batch and names.raw else []),
        "wasDerivedFrom": _numbered(
            "d", [{"prov:generatedEntity": made_of, "prov:usedEntity": used} for made_of, used in derived]
        ),
        "wasAssociatedWith": _numbered(
            "a",
            [{**act, "prov:agent": each} for each in (names.software, names.maker) if each and names.batch],
        ),
        "wasAttributedTo": _numbered(
            "t", [{"prov:entity": names.raw or names.point, "prov:agent": each} for each in answering]
        ),
    }


def _name(kind: str, local: object) -> str:
    name = quote(str(local), safe="/-._~")
    if name.endswith("."):  # a qualified name may hold a full stop, not end with one
        name = f"{name[:-1]}%2E"
    return f"tomlake:{kind}/{name}"


def _described(kind: str, facts: Facts, *, prefix: str = "tomlake") -> dict[str, Json]:
    described: dict[str, Json] = {"prov:type": {"$": f"{prefix}:{kind}", "type": "prov:QUALIFIED_NAME"}}
    return described | {f"tomlake:{key}": value for key, value in facts.items() if value is not None}


def _numbered(letter: str, relations: list[dict[str, Json]]) -> dict[str, Json]:
    return {f"_:{letter}{number}": relation for number, relation in enumerate(relations, start=1)}


def _time(mjd: float) -> str:
    return datetime_of(mjd).isoformat(timespec="milliseconds")
