"""Where an attack takes place: a small publication beside a secret."""

import hashlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lake.sandbox.publication import Publication, SandboxLimits
from lake.sandbox.selection import Selection

SECRET = "the-canary-that-must-never-sing"
SMALL = SandboxLimits(memory_mb=1000, wall_clock_s=10.0, cpu_s=10, rows=5000, result_mb=2)
ROWS = 120_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where an attack takes place: the published files, and things near them that it must not touch."""

    publication: Publication
    folder: Path  # with the secret in it
    data: Path  # the published files
    listener: socket.socket

    def sql(self, text: str) -> str:
        places: Mapping[str, object] = {
            "secret": self.folder / "secret.txt",
            "folder": self.folder,
            "data": self.data,
            "port": self.listener.getsockname()[1],
        }
        for name, place in places.items():
            text = text.replace("{" + name + "}", str(place))
        return text

    def fingerprint(self) -> dict[str, str]:
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    def was_called(self) -> bool:
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


def rows_of(selection: Selection) -> list[dict[str, object]]:
    return [row for batch in selection for row in batch.to_pylist()]
