"""Every page for everybody: no barriers, no sideways scrolling, in both themes and languages."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.demo import Demo
from tests.browser.visitor import DESK, PHONE, become, visiting

FOR_ANYBODY = (
    "/",
    "/plans/",
    "/plans/europe-20gb-30d/?residence=DE&days=5&used=25",
    "/plans/neighbours-10gb-90d/",
    "/checkout/japan-10gb-30d/?residence=DE",
    "/terms/",
    "/terms/eu-crd@1/",
    "/money-back/check/",
    "/withdraw/",
    "/terminate/",
    "/leave/",
    "/contact/",
    "/help/outside/",
    "/status/",
    "/channels/report/",
    "/devices/?model=phone",
    "/code-again/",
    "/verify/",
    "/channels/",
    "/imprint/",
    "/sign-in/login/code/",
    "/demo/",
)
MEI, CARLA, MAX = "mei@example.com", "carla@example.com", "max@fairroam.example"
# Whose page, and the links that lead there from their first page.
BEHIND_SIGN_IN = (
    (MEI, ()),
    (MEI, ("a[href^='/account/lines/']",)),
    (MEI, ("a[href$='/refund/']",)),
    (MEI, ("a[href='/account/orders/']",)),
    (MEI, ("a[href='/account/leave/']",)),
    (CARLA, ("a[href^='/account/refunds/']",)),
    (MAX, ()),
    (MAX, ("a[href^='/desk/refunds/']",)),
    (MAX, ("a[href='/desk/books/']",)),
)
LOOKS = (
    pytest.param(PHONE, "zh-CN", "light", id="phone-chinese-day"),
    pytest.param(DESK, "en-GB", "dark", id="desk-english-night"),
)


@pytest.mark.promise(43)
@pytest.mark.parametrize(("size", "language", "theme"), LOOKS)
def test_public_pages_keep_nobody_out(
    demo: Demo, chromium: Browser, size: tuple[int, int], language: str, theme: str
) -> None:
    with visiting(chromium, size=size, language=language, theme=theme) as visitor:
        barriers = []
        for path in FOR_ANYBODY:
            visitor.open(demo.shop + path)
            barriers += [f"{path}: {one}" for one in visitor.barriers()]
        assert barriers == []


@pytest.mark.promise(66)
@pytest.mark.parametrize(("size", "language", "theme"), LOOKS)
def test_pages_behind_the_sign_in_keep_nobody_out(
    demo: Demo, chromium: Browser, size: tuple[int, int], language: str, theme: str
) -> None:
    with visiting(chromium, size=size, language=language, theme=theme) as visitor:
        barriers = []
        for email, links in BEHIND_SIGN_IN:
            become(visitor.page, demo, email)
            for link in links:
                visitor.page.locator(f"main {link}").first.click()
                visitor.page.wait_for_load_state()
            visitor.look()
            barriers += [f"{visitor.page.url}: {one}" for one in visitor.barriers()]
        assert barriers == []
