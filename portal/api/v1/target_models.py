"""Targets as the new API writes them."""

from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from engine.target import CLASSES, Target, Visibility
from engine.times import FIRST_MJD, LAST_MJD
from lake.targets import TargetRow

EXAMPLE: dict[str, Any] = {
    "name": "Gaia22dkv", "ra_deg": 151.76854, "dec_deg": -66.18089, "classification": "Microlensing Event",
    "importance": 9.0, "cadence_d": 1.0,
}  # fmt: skip


def without_nul(text: str) -> str:
    """Return a text that every database can keep."""
    if "\x00" in text:
        raise ValueError("a text has no NUL character")
    return text


def exact(value: object) -> object:
    """Return a number of JSON: neither text nor false is one there, though they could be read so."""
    if isinstance(value, bool | str):
        raise ValueError("a number is needed")
    return value


Schema = dict[str, Any]
NO_NUL = "^[^\\u0000]*$"
NAME_IS: Schema = {"pattern": "^\\s*[A-Za-z0-9_.+\\-*'\\[\\]@#][A-Za-z0-9 _.+\\-*'\\[\\]@#]*\\s*$"}
WORD_IS: Schema = {"pattern": "^[^\\u0000]*[^\\u0000\\s][^\\u0000]*$"}
Text = Annotated[str, AfterValidator(without_nul), Field(json_schema_extra={"pattern": NO_NUL})]
Number = Annotated[float, Field(allow_inf_nan=False)]  # in an address, where numbers are text
Exact = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(exact)]  # in JSON
Date = Annotated[float, Field(ge=FIRST_MJD, lt=LAST_MJD), BeforeValidator(exact)]  # MJD
ExactRaDeg = Annotated[float, Field(ge=0, le=360, allow_inf_nan=False), BeforeValidator(exact)]
ExactDecDeg = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), BeforeValidator(exact)]
RaDeg = Annotated[float, Field(ge=0, le=360, allow_inf_nan=False)]
DecDeg = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Epoch = Annotated[float, Field(ge=1800, le=2200), BeforeValidator(exact)]
Importance = Annotated[float, Field(ge=0, le=10), BeforeValidator(exact)]
Cadence = Annotated[float, Field(ge=0, le=10_000), BeforeValidator(exact)]
ClassName = Annotated[Text, Field(json_schema_extra={"enum": list(CLASSES)})]


class Alias(BaseModel):
    """Another name of a target."""

    model_config = ConfigDict(extra="forbid")
    source: Text = Field(min_length=1, max_length=100, examples=["tns"], json_schema_extra=WORD_IS)
    name: Text = Field(min_length=1, max_length=100, examples=["AT2022abc"], json_schema_extra=WORD_IS)


class NewTarget(BaseModel):
    """A target to be made."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]})
    name: Text = Field(
        min_length=1,
        max_length=100,
        description="letters, digits, blanks and . + - _ * ' [ ] @ #",
        json_schema_extra=NAME_IS,
    )
    ra_deg: ExactRaDeg
    dec_deg: ExactDecDeg
    epoch: Epoch = Field(2000.0, description="Julian year of the position")
    pm_ra_mas_yr: Exact | None = Field(None, description="includes cos(dec)")
    pm_dec_mas_yr: Exact | None = None
    classification: ClassName = "Unknown"
    description: Text = Field("", max_length=2000)
    discovery_mjd: Date | None = None
    importance: Importance = 9.98
    cadence_d: Cadence = 1.0
    visibility: Visibility = Visibility.PUBLIC
    group: Text = Field("", max_length=100, description="name or number of one of your groups")
    embargo_until_mjd: Date | None = Field(
        None, description="until then only its maker, its group and staff see it"
    )
    aliases: list[Alias] = Field(default=[], max_length=100)

    def target(self, *, group_id: int | None = None) -> Target:
        """Return it as a target of the group with this number."""
        values = self.model_dump(exclude={"aliases", "group"})
        return Target(
            **values, group_id=group_id, aliases=tuple((each.source, each.name) for each in self.aliases)
        )


def _nothing() -> float | None:
    return None


class TargetChange(BaseModel):
    """What of a target changes; what is left out stays. Null empties what may be empty."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"importance": 5.0}]})
    # made by a factory, these stand-ins are not told as defaults: what is left out stays as it is
    name: Text = Field(default_factory=str, min_length=1, max_length=100, json_schema_extra=NAME_IS)
    ra_deg: ExactRaDeg = Field(default_factory=float)
    dec_deg: ExactDecDeg = Field(default_factory=float)
    epoch: Epoch = Field(default_factory=float)
    pm_ra_mas_yr: Exact | None = Field(default_factory=_nothing)
    pm_dec_mas_yr: Exact | None = Field(default_factory=_nothing)
    classification: ClassName = Field(default_factory=str)
    description: Text = Field(default_factory=str, max_length=2000)
    discovery_mjd: Date | None = Field(default_factory=_nothing)
    importance: Importance = Field(default_factory=float)
    cadence_d: Cadence = Field(default_factory=float)
    visibility: Visibility = Field(default_factory=lambda: Visibility.PUBLIC)
    embargo_until_mjd: Date | None = Field(default_factory=_nothing)

    def applied(self, target: Target) -> Target:
        """Return a target with the fields that were sent."""
        return replace(target, **{name: getattr(self, name) for name in self.model_fields_set})


class TargetAnswer(BaseModel):
    """A target, with the summary of its light curve."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [EXAMPLE | {"target_id": 17, "points": 4096, "last_mag": 17.21}]}
    )
    target_id: int
    name: str
    ra_deg: float = Field(description="ICRS")
    dec_deg: float
    epoch: float = Field(description="Julian year of the position")
    pm_ra_mas_yr: float | None
    pm_dec_mas_yr: float | None
    classification: str
    description: str
    discovery_mjd: float | None
    importance: float
    cadence_d: float
    visibility: Visibility
    embargo_until_mjd: float | None
    simulated: bool = Field(description="made by simulation: never real data")
    designation: str = Field(description="of a body of the Solar System; empty for what stands still")
    aliases: list[Alias]
    created_by: str
    created_mjd: float | None
    points: int
    last_mag: float | None = Field(description="newest optical magnitude")
    last_band: str
    last_mjd: float | None
    priority: float = Field(description="missed cadences times importance")


class Neighbour(BaseModel):
    """A target in a cone."""

    separation_arcsec: float
    target: TargetAnswer


_OF_TARGET = tuple(TargetAnswer.model_fields.keys() & Target.__dataclass_fields__.keys())


def target_facts(row: TargetRow) -> dict[str, Any]:
    """Return the values of a :class:`TargetAnswer` by their names, aliases as (source, name)."""
    facts = {name: getattr(row.target, name) for name in _OF_TARGET}
    return facts | {
        "target_id": row.target.target_id or 0,
        "points": row.points,
        "last_mag": row.last_mag,
        "last_band": row.last_band,
        "last_mjd": row.last_mjd,
        "priority": min(row.priority, 1e300),  # JSON has no infinity
    }


def target_answer(row: TargetRow) -> TargetAnswer:
    """Return a target as it is answered."""
    aliases = [Alias.model_construct(source=source, name=name) for source, name in row.target.aliases]
    return TargetAnswer(**target_facts(row) | {"aliases": aliases})
