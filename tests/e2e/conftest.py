"""One running installation and one browser for the flows that only a person's tools can show."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.installation import PASSWORD, ROOT, TIMEOUT_MS, Installation

# archives are asked through a port where nobody listens: they are out of reach on every machine
NO_NETWORK = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Start portal, API and worker on a free port; stop them afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "TOMLAKE_DATA": str(tmp_path_factory.mktemp("installation")),
        "TOMLAKE_PORT": str(port),
        "TOMLAKE_NEW_PASSWORD": PASSWORD,
        **NO_NETWORK,
    }
    running = Installation(url=f"http://127.0.0.1:{port}", environment=environment)
    running.command("user", "add", "caroline", "--full-name", "Caroline Herschel", "--staff")
    process = subprocess.Popen(
        [sys.executable, "-m", "tomlake.main", "up"], env=environment, cwd=ROOT, start_new_session=True
    )
    try:
        running = replace(running, process_id=process.pid)
        running.wait_until_it_answers()
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 0


@pytest.fixture(scope="session")
def demo(installation: Installation) -> Installation:
    """Return the installation with the demo in it."""
    installation.command("demo")
    return installation


@pytest.fixture(scope="session")
def published(demo: Installation) -> Installation:
    """Return the installation with the demo's light curves published."""
    demo.command("publish", "--with-simulated")
    return demo


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Start one headless Chromium."""
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Open a desktop window without cookies."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(TIMEOUT_MS)
    yield context.new_page()
    context.close()
