"""People at the desk pay: goodwill where the rules leave a case open, and what an outage cost.

Runs after the pages were looked at, since it takes the only case out of the desk's queue.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Browser, expect

from tests.browser.demo import Demo
from tests.browser.visitor import DESK, become, visiting

DAN, MAX = "dan@example.com", "max@fairroam.example"
LENA, OLGA, OTTO = "lena@example.com", "olga@fairroam.example", "otto@fairroam.example"
MINUTES = "%Y-%m-%dT%H:%M"


def test_goodwill_of_a_person_reaches_the_customer(demo: Demo, chromium: Browser) -> None:
    with visiting(chromium, size=DESK, language="en-GB") as desk:
        page = desk.page
        become(page, demo, MAX)
        page.keyboard.press("?")
        expect(page.locator("#desk-keys")).to_be_visible()
        page.keyboard.press("Escape")
        for key in ("j", "k"):  # there is one case: the next one and the one before are it
            page.keyboard.press(key)
            expect(page.locator("main a[href^='/desk/refunds/']")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/desk/refunds/*/")
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


def test_two_operators_pay_back_an_outage_with_progress_on_screen(
    demo: Demo, chromium: Browser
) -> None:
    # Lena's plan of 30 days began in Austria six days ago: she missed four of its days.
    ended_at = datetime.now(UTC) - timedelta(days=1, hours=18)
    began_at = ended_at - timedelta(days=4)
    with visiting(chromium, size=DESK, language="en-GB") as olga:
        page = olga.page
        become(page, demo, OLGA)
        olga.open(f"{demo.shop}/desk/incidents/")
        page.locator("[name=countries][value=AT]").check()
        page.locator("[name=began_at]").fill(f"{began_at:{MINUTES}}")
        page.locator("[name=ended_at]").fill(f"{ended_at:{MINUTES}}")
        page.locator("[name=source]").fill("https://status.example/42")
        page.locator("[name=words_en]").fill("No data in Austria.")
        olga.tap("main form.form button.button", until="**/desk/incidents/*/")
        page.get_by_role("button", name="The source confirms it").click()
        olga.tap("button[value=count]", until="**/desk/runs/*/")
        expect(page.get_by_text("1 customer was hit")).to_be_visible()
        expect(page.get_by_text("A second operator reads these sums")).to_be_visible()
        due = page.locator("td strong").inner_text()

        with visiting(chromium, size=DESK, language="en-GB") as otto:
            become(otto.page, demo, OTTO)
            otto.open(page.url)
            otto.tap("button[value=confirm]", until="**/desk/runs/*/")
            for looking in (otto.page, page):
                expect(looking.get_by_text("1 of 1 plans done")).to_be_visible()
                expect(looking.locator("progress")).to_have_attribute("value", "100")
            assert otto.barriers() == []

    with visiting(chromium, language="en-GB") as lena:
        become(lena.page, demo, LENA)
        lena.open(f"{demo.shop}/account/history/")
        lena.tap("main a[href^='/account/refunds/']", until="**/account/refunds/*/")
        expect(lena.page.get_by_role("heading", level=1)).to_have_text(f"{due} is back with you")
        lena.look()
    assert due == f"€{demo.paid_back()[-1] / 100:.2f}"
