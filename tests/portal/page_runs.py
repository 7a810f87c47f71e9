"""Runs pages as the product does, and keeps from run to run what no run changes: a page's code, above all."""

import tomllib
from functools import cache
from pathlib import Path

import pytest
from streamlit import config
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner

import portal

LOOK = Path(portal.__file__).parent / "streamlit.toml"
_AS_SERVED = ("runner", "browser")  # the rest is of looks and of the server


def run_pages_as_served(patches: pytest.MonkeyPatch) -> None:
    """Let pages run with the options of ``streamlit.toml``, each compiled once in a process."""
    told = tomllib.loads(LOOK.read_text())
    for section in _AS_SERVED:
        for name, value in told[section].items():
            config.set_option(f"{section}.{name}", value)
    compiled = ScriptCache()
    for module in (app_test, local_script_runner):
        patches.setattr(module, "ScriptCache", lambda: compiled)
    scanned = cache(manifest_scanner.scan_component_manifests)  # of every package that is installed
    patches.setattr(manifest_scanner, "scan_component_manifests", scanned)
    patches.setattr(local_script_runner, "require_widgets_deltas", _wait_for_end)


def _wait_for_end(runner: local_script_runner.LocalScriptRunner, timeout: float) -> None:
    """Wait for the thread of a run, where Streamlit looks a thousand times a second whether it ended."""
    thread = runner._script_thread
    assert thread is not None
    thread.join(timeout)
    if thread.is_alive():
        runner.request_stop()
        thread.join()
        raise RuntimeError(f"The page ran for more than {timeout:.0f} s.")
