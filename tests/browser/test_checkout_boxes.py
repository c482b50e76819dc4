"""Boxes at the checkout while a bill is on its way: what somebody ticked stays as they left it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.demo import Demo
from tests.browser.visitor import visiting

BILLS = "**/checkout/*/bill/*"


def move_to(page: Page, country: str, *, meanwhile: Callable[[], None]) -> None:
    """Choose a country; its bill does not come before `meanwhile()` is done."""

    def bring(route: Route) -> None:
        meanwhile()
        route.continue_()

    page.route(BILLS, bring, times=1)
    residence = page.locator("[name=residence]")
    residence.select_option(country)
    name = residence.locator(f"[value={country}]").inner_text()
    expect(page.locator("#to-pay")).to_contain_text(f"of it tax, {name}")


@pytest.mark.promise(43)
def test_no_tick_is_lost_while_a_bill_is_on_its_way(demo: Demo, chromium: Browser) -> None:
    with visiting(chromium, language="en-GB") as visitor:
        page = visitor.page
        page.goto(f"{demo.shop}/checkout/europe-5gb-15d/?residence=DE")
        seen = page.locator("main").get_by_role("checkbox")
        expect(seen).to_have_count(3)

        move_to(page, "US", meanwhile=lambda: [box.check() for box in seen.all()])
        expect(seen).to_have_count(1)  # no law there asks for the others
        expect(seen).to_be_checked()
        move_to(page, "FR", meanwhile=lambda: page.locator("[name=terms]").uncheck())
        assert [box.is_checked() for box in seen.all()] == [False, True, True]

        # Pressed before the bill has come, let go of afterwards: it is the same box still.
        page.locator("[name=promo_code]").fill("NOBODYS")
        page.locator("[name=terms]").hover()
        page.mouse.down()
        expect(page.locator("#promo-said")).to_contain_text("We do not know this promo code")
        page.mouse.up()
        expect(page.locator("[name=terms]")).to_be_checked()
        assert visitor.complaints == []
