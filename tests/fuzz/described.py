"""Sends what schemathesis makes of a description to a running server, as one person, with every check on."""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
V1, BHTOM_AND_VO = "/api/v1/openapi.json", "/api/openapi.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run and what came of it."""

    is_clean: bool
    requests: int
    report: str


def fuzz(
    url: str, description: str, *, token: str, examples: int, max_s: int, told: dict[str, Any] | None = None
) -> Run:
    """Return what a run found; the same description is asked in the same way each time."""
    config = "v1.toml" if description == V1 else "bhtom.toml"
    with tempfile.TemporaryDirectory() as folder:
        where = [url + description]
        if told is not None:
            path = Path(folder) / "told.json"
            path.write_text(json.dumps(told))
            where = [str(path), "--url", url + description.removesuffix("/openapi.json")]
        words = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / config), "run", *where,
            "--checks", "all", "--max-examples", str(examples), "--continue-on-failure",
            "--no-color", "--generation-deterministic",
        ]  # fmt: skip
        if token:
            words += ["--header", f"Authorization: Bearer {token}"]
        environment = {**os.environ, "PYTHONPATH": str(HERE), "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=max_s, check=False
        )
    report = done.stdout + done.stderr
    generated = re.search(r"([\d,]+) generated", report)
    return Run(
        is_clean=done.returncode == 0,
        requests=int(generated[1].replace(",", "")) if generated else 0,
        report=report,
    )
