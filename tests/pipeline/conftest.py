"""A browser for the tests marked ``browser``, which ``make test-browser`` runs."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

SWITCHES = (
    "no-sandbox disable-gpu disable-background-networking disable-component-update disable-sync no-first-run"  # as root
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium, driven by Playwright; without one, tests that need it are skipped."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=[f"--{switch}" for switch in SWITCHES.split()])
        yield browser
        browser.close()
