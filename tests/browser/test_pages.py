"""Every page for everybody: no barriers, no sideways scrolling, in both themes, all languages.

By day a part of the pages, another one each day; by night all that links lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser

from tests.browser.demo import Demo
from tests.browser.visitor import DESK, PHONE, Visitor, become, visiting

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
    "/guides/wipe-a-phone/",
    "/fairness/",
)
MEI, CARLA, MAX = "mei@example.com", "carla@example.com", "max@fairroam.example"
# By night also: with a balance, a kept number, an offer, a closing; and who may open every room.
OTHERS = (
    "omar@example.com",
    "yusuf@example.com",
    "rosa@example.com",
    "tom@example.com",
    "olga@fairroam.example",
)
# Whose page, and the links that lead there from their first page.
BEHIND_SIGN_IN: tuple[tuple[str, tuple[str, ...]], ...] = (
    (MEI, ()),
    (MEI, ("a[href^='/account/lines/']",)),
    (MEI, ("a[href$='/refund/']",)),
    (MEI, ("a[href='/account/orders/']",)),
    (MEI, ("a[href='/account/leave/']",)),
    (CARLA, ("a[href='/account/history/']", "a[href^='/account/refunds/']")),
    (MAX, ()),
    (MAX, ("a[href^='/desk/refunds/']",)),
    (MAX, ("a[href='/desk/books/']",)),
)
LOOKS = (
    pytest.param(PHONE, "zh-TW", "light", id="phone-traditional-day"),
    pytest.param(DESK, "en-GB", "dark", id="desk-english-night"),
)
PARTS = 3  # by day, of all pages
LINKS = "links => links.map(link => link.getAttribute('href'))"
# Files, and what a link must not be followed to: away, out.
NOT_PAGES = re.compile(r"\.(json|pdf|txt|csv|vcf|svg|toml)$|/logout/|/files?/|/feed/|\.[a-z]+$")
# One page of a kind stands for all: of a plan, a guide, an order, a paper.
OF_A_KIND = (
    (re.compile(r"/(plans|checkout|guides|terms|acts)/[^/]+"), r"/\1/*"),
    (re.compile(r"/(?:[A-Z]{2,}-[\w-]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=[/.]|$)"), "/*"),
)


def todays(pages: tuple[Any, ...], *, night: bool) -> tuple[Any, ...]:
    """All pages by night; by day a part of them, the next one tomorrow."""
    return pages if night else pages[datetime.now(UTC).toordinal() % PARTS :: PARTS]


@pytest.mark.promise(43)
@pytest.mark.parametrize(("size", "language", "theme"), LOOKS)
def test_public_pages_keep_nobody_out(
    demo: Demo, chromium: Browser, size: tuple[int, int], language: str, theme: str, night: bool
) -> None:
    with visiting(chromium, size=size, language=language, theme=theme) as visitor:
        barriers = []
        for path in todays(FOR_ANYBODY, night=night):
            visitor.open(demo.shop + path)
            barriers += [f"{path}: {one}" for one in visitor.barriers()]
        assert barriers == []


@pytest.mark.promise(66)
@pytest.mark.parametrize(("size", "language", "theme"), LOOKS)
def test_pages_behind_the_sign_in_keep_nobody_out(
    demo: Demo, chromium: Browser, size: tuple[int, int], language: str, theme: str, night: bool
) -> None:
    with visiting(chromium, size=size, language=language, theme=theme) as visitor:
        barriers = []
        for email, links in todays(BEHIND_SIGN_IN, night=night):
            become(visitor.page, demo, email)
            visitor.look()
            for link in links:
                visitor.follow(visitor.page.locator(f"main {link}").first)
            barriers += [f"{visitor.page.url}: {one}" for one in visitor.barriers()]
        assert barriers == []


@pytest.mark.promise(3, 66)
@pytest.mark.parametrize("email", ["", MEI, CARLA, MAX, *OTHERS])
@pytest.mark.parametrize(
    ("size", "language", "theme"), [(PHONE, "zh-TW", "dark"), (DESK, "zh-CN", "light"), *LOOKS]
)
def test_by_night_every_page_that_a_link_leads_to_keeps_nobody_out(
    demo: Demo,
    chromium: Browser,
    size: tuple[int, int],
    language: str,
    theme: str,
    email: str,
    night: bool,
) -> None:
    if not night:
        pytest.skip("all pages by night; a part of them above")
    with visiting(chromium, size=size, language=language, theme=theme) as visitor:
        if email:
            become(visitor.page, demo, email)
        else:
            visitor.page.goto(demo.shop)
        faults = []
        for path, status in every_page(visitor, demo, is_known=bool(email)):
            found = [*visitor.faults(), *visitor.barriers()]
            if status not in (200, 403):  # a colleague of another role, a fresh sign-in
                found.append(f"answered {status}")
            faults += [f"{path}: {one}" for one in found]
        assert faults == []


def every_page(visitor: Visitor, demo: Demo, *, is_known: bool) -> Iterator[tuple[str, int]]:
    """Open one page of each kind that links lead to, from the one that is open: path, status."""
    waiting, seen = [visitor.page.url], set()
    while waiting:
        address = waiting.pop(0)
        path = urlsplit(address).path
        if (kind := kind_of(path)) in seen or NOT_PAGES.search(path):
            continue
        seen.add(kind)
        answer = visitor.page.goto(address)
        assert answer is not None
        yield path, answer.status
        links = visitor.page.eval_on_selector_all("a[href]:not([download])", LINKS)
        found = [urljoin(address, link) for link in links if "#" not in link]
        ours = f"{demo.shop}/account/", f"{demo.shop}/desk/", f"{demo.shop}/sign-in/"
        waiting += [one for one in found if one.startswith(ours if is_known else demo.shop)]
    assert len(seen) > 3


def kind_of(path: str) -> str:
    for pattern, kind in OF_A_KIND:
        path = pattern.sub(kind, path)
    return path
