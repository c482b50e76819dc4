"""Buying and asking for money back with a browser that runs no scripts at all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo import Demo, eventually
from tests.browser.visitor import visiting

ADDRESS = "plain@example.com"
IS_DONE = ".timeline li:last-child[data-state=done]"


def read_until(page: Page, selector: str, what: str) -> None:
    """Read the page again, as people do, until it shows that."""

    def shows() -> bool:
        page.reload()
        return page.locator(selector).count() > 0

    eventually(shows, what)


@pytest.mark.promise(43, 65)
def test_buying_and_money_back_need_no_script(demo: Demo, chromium: Browser) -> None:
    with visiting(chromium, has_scripts=False, language="en-GB") as visitor:
        page = visitor.page
        page.goto(f"{demo.shop}/checkout/europe-5gb-15d/?residence=FR")
        page.locator("[name=email]").fill(ADDRESS)
        page.locator("[name=residence]").select_option("FR")
        for consent in page.get_by_role("checkbox").all():
            consent.check()
        visitor.follow(page.locator("main form button.button"))
        read_until(page, f"a[href^='{demo.url('payments')}/pay/']", "the way to pay")
        visitor.follow(page.locator(f"a[href^='{demo.url('payments')}/pay/']"))
        visitor.follow(page.locator("button[type=submit]"))
        read_until(page, "a[href^='/account/lines/']", "the finished eSIM")

        page.goto(f"{demo.shop}/account/")
        page.locator("[name=email]").fill(ADDRESS)
        visitor.follow(page.locator("main form .button:not([hidden])"))
        newest = eventually(
            lambda: next((m for m in demo.mails(ADDRESS) if "sign-in code" in m["subject"]), None),
            "the sign-in mail",
        )
        page.locator("[name=code]").fill(newest["subject"].split()[0])
        visitor.follow(page.locator("main form .button:not([hidden])"))
        visitor.follow(page.locator("main a[href$='/refund/']").first)
        for _step in ("continue", "get it back"):
            expect(page.get_by_role("heading", level=1)).to_contain_text("€12.90")
            visitor.follow(page.locator("main form button.button"))
        read_until(page, IS_DONE, "money back")

    assert demo.paid_back()[-1] == 1290


@pytest.mark.promise(65)
def test_a_contract_is_left_at_the_public_door_without_scripts_or_a_sign_in(
    demo: Demo, chromium: Browser
) -> None:
    with visiting(chromium, has_scripts=False, language="de-DE") as visitor:
        visitor.open(f"{demo.shop}/withdraw/?residence=DE")
        page = visitor.page
        expect(page.get_by_role("heading", level=1)).to_have_text("Vertrag widerrufen")
        page.locator("[name=name]").fill("Plain Visitor")
        page.locator("[name=contract]").fill("the eSIM I bought yesterday")
        page.locator("[name=email]").fill(ADDRESS)
        visitor.follow(page.locator("main form[method=post] button.button"))
        visitor.follow(page.get_by_role("button", name="Widerruf bestätigen"))

        receipt = visitor.words()
        for part in ("the eSIM I bought yesterday", "Plain Visitor", ADDRESS):
            assert part in receipt
        number = page.locator("dd.figures").inner_text()
        mail = eventually(
            lambda: next((m for m in demo.mails(ADDRESS) if number in m["subject"]), None),
            "the receipt by mail",
        )
        assert "the eSIM I bought yesterday" in mail["text"]
