"""The note that an installation is a copy of somebody's public lake: of which version, and how to cite it."""

import json
from dataclasses import asdict, dataclass

from lake.paths import paths_of, writing_to
from lake.settings import Settings

FILE = "clone.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a copy comes from."""

    url: str
    version: str
    made_utc: str
    lake_version: int  # of the lake that was published
    licence: str
    citation: str
    is_complete: bool = True  # False while the copy is being made


def origin_of(settings: Settings) -> Origin | None:
    """Return where an installation was copied from, or None for one of its own."""
    try:
        told = json.loads((paths_of(settings).data_dir / FILE).read_text())
        return Origin(**told)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def write_origin(settings: Settings, origin: Origin) -> None:
    """Keep the note."""
    folder = paths_of(settings).data_dir
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        half = folder / f"{FILE}.half"
        half.write_text(json.dumps(asdict(origin), indent=1) + "\n")
        half.replace(folder / FILE)
