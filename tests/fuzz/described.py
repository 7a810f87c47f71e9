"""Sends what schemathesis makes of a description to a running server, as one person, with every check on."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
V1, BHTOM_AND_VO = "/api/v1/openapi.json", "/api/openapi.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run and what came of it."""

    is_clean: bool
    requests: int
    report: str


def fuzz(url: str, description: str, *, token: str, examples: int, max_s: int) -> Run:
    """Return what a run found; the same seed asks the same."""
    words = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"),
        "run", url + description, "--checks", "all", "--max-examples", str(examples), "--continue-on-failure",
        "--no-color", "--generation-deterministic",
    ]  # fmt: skip
    if token:
        words += ["--header", f"Authorization: Bearer {token}"]
    done = subprocess.run(
        words, cwd=HERE, env={**os.environ, "PYTHONPATH": str(HERE), "NO_PROXY": "127.0.0.1"},
        capture_output=True, text=True, timeout=max_s, check=False,
    )  # fmt: skip
    report = done.stdout + done.stderr
    generated = re.search(r"([\d,]+) generated", report)
    return Run(
        is_clean=done.returncode == 0,
        requests=int(generated[1].replace(",", "")) if generated else 0,
        report=report,
    )
