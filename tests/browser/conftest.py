"""One demo and one Chromium for all journeys; both end with the last of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.demo import Demo, running_demo
from tests.browser.visitor import Visitor, running_chromium, visiting


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The service with its demo data, started as a newcomer starts it."""
    with running_demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser; every visitor has a window of their own in it."""
    with running_chromium() as started:
        yield started


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Visitor]:
    """A Chinese-speaking visitor with a phone."""
    with visiting(chromium) as somebody:
        yield somebody
