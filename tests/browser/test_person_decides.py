"""A case that the rules leave open: a person at the desk gives goodwill, the customer gets it.

Runs after the pages were looked at, since it takes the only case out of the desk's queue.
"""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.browser.demo import Demo
from tests.browser.visitor import DESK, become, visiting

DAN, MAX = "dan@example.com", "max@fairroam.example"


def test_goodwill_of_a_person_reaches_the_customer(demo: Demo, chromium: Browser) -> None:
    with visiting(chromium, size=DESK, language="en-GB") as desk:
        page = desk.page
        become(page, demo, MAX)
        page.locator("main a[href^='/desk/refunds/']").click()
        page.locator("[name=goodwill]").fill("9.51")
        page.get_by_role("button", name="Give this goodwill").click()
        expect(page.get_by_role("alert")).to_contain_text("more goodwill than the terms")

        page.locator("[name=goodwill]").fill("5")
        page.get_by_role("button", name="Give this goodwill").click()
        page.wait_for_url("**/desk/")
        expect(page.locator("main a[href^='/desk/refunds/']")).to_have_count(0)
        desk.look()

    with visiting(chromium, language="en-GB") as customer:
        become(customer.page, demo, DAN)
        customer.open(f"{demo.shop}/account/history/")
        customer.tap("main a[href^='/account/refunds/']", until="**/account/refunds/*/")
        expect(customer.page.get_by_role("heading", level=1)).to_have_text("€5.00 is back with you")
        customer.look()
    assert demo.paid_back()[-1] == 500
