"""One demo and one Chromium for all journeys; both end with the last of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.demo import Demo, running_demo
from tests.browser.visitor import Visitor, visiting

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The service with its demo data, started as a newcomer starts it."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium. Its event loop ends here, so that later tests may use the database."""
    expect.set_options(timeout=30_000)  # milliseconds; money and carriers take their time
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM
        )
        yield started
        started.close()


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    """A Chinese-speaking visitor with a phone."""
    with visiting(chromium) as somebody:
        yield somebody
