"""Buying, money back and leaving by keys alone: each thing is reached, seen and used."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import Demo, eventually
from tests.browser.visitor import DESK, Visitor, visiting

ADDRESS = "keys@example.com"
TABS_MAX = 120
HAS_FOCUS = "([selector]) => document.activeElement.matches(selector)"
IS_SEEN = """() => { const style = getComputedStyle(document.activeElement)
  return parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none' }"""


def reach(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, and see that it is."""
    for _press in range(TABS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate(HAS_FOCUS, [selector]):
            assert page.evaluate(IS_SEEN), f"{selector} has the focus, and nobody sees it"
            return
    raise AssertionError(f"no key leads to {selector} on {page.url}")


def press(page: Page, selector: str, *, until: str, key: str = "Enter") -> None:
    reach(page, selector)
    page.keyboard.press(key)
    page.wait_for_url(until)


def write(page: Page, selector: str, text: str) -> None:
    reach(page, selector)
    page.keyboard.type(text)


def buy(demo: Demo, visitor: Visitor) -> None:
    """From the plan to the finished eSIM."""
    page = visitor.page
    page.goto(f"{demo.shop}/plans/europe-5gb-15d/?residence=FR")
    page.keyboard.press("Tab")
    assert page.evaluate(HAS_FOCUS, [".skip"]), "the first key leads past the menus"
    page.keyboard.press("Enter")
    press(page, "a[href*='/checkout/']", until="**/checkout/**")
    write(page, "[name=email]", ADDRESS)
    write(page, "[name=residence]", "France")
    boxes = page.locator("main form [type=checkbox]")
    for name in [box.get_attribute("name") for box in boxes.all()]:
        reach(page, f"[name={name}]")
        page.keyboard.press("Space")
    press(page, "main form button.button", until=f"{demo.url('payments')}/pay/**")
    press(page, "button[type=submit]", until="**/orders/**")
    expect(page.locator("a[href^='/account/lines/']")).to_be_visible()


def sign_in(demo: Demo, visitor: Visitor) -> None:
    page = visitor.page
    page.goto(f"{demo.shop}/account/")
    write(page, "[name=email]", ADDRESS)
    page.keyboard.press("Enter")
    page.wait_for_url("**/confirm/*")
    newest = eventually(
        lambda: next((m for m in demo.mails(ADDRESS) if "sign-in code" in m["subject"]), None),
        "the sign-in mail",
    )
    write(page, "[name=code]", newest["subject"].split()[0])
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")


def get_money_back(visitor: Visitor) -> None:
    page = visitor.page
    press(page, "main a[href$='/refund/']", until="**/refund/")
    press(page, "main form button.button", until="**/account/quotes/*/")
    press(page, "main form button.button", until="**/account/refunds/*/")
    expect(page.locator(".timeline li").last).to_have_attribute("data-state", "done")


def leave(visitor: Visitor) -> None:
    page = visitor.page
    press(page, "nav a[href='/account/']", until="**/account/")
    press(page, "main a[href='/account/leave/']", until="**/account/leave/")
    reach(page, "[name=timing]")
    while not page.evaluate(HAS_FOCUS, ["[value=at_once]"]):
        page.keyboard.press("ArrowDown")
    reach(page, "[name=understood]")
    page.keyboard.press("Space")
    press(page, "main form button.button", until="**/account/leave/*/")
    expect(page.locator(".certificate")).to_be_visible()


@pytest.mark.promise(66)
def test_buying_money_back_and_leaving_need_no_pointer(demo: Demo, chromium: Browser) -> None:
    with visiting(chromium, size=DESK, language="en-GB") as visitor:
        buy(demo, visitor)
        sign_in(demo, visitor)
        get_money_back(visitor)
        leave(visitor)
        assert visitor.complaints == []
