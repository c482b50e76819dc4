"""A traveller with a phone gets money back in few taps, in Chinese; runs after the pages' tour."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.demo import Demo
from tests.browser.visitor import PHONE, become, visiting

MEI = "mei@example.com"
THREE_QUARTERS = "€14.25"  # of €19.00: a quarter of the data was used
# From the overview: what is tapped, and where it leads.
TAPS = (
    ("main a[href$='/refund/']", "**/account/lines/*/refund/"),
    ("main form button.button", "**/account/quotes/*/"),
    ("main form button.button", "**/account/refunds/*/"),
)
TAPS_MAX = 4


@pytest.mark.promise(46)
def test_from_the_overview_money_comes_back_in_at_most_four_taps(
    demo: Demo, chromium: Browser
) -> None:
    assert len(TAPS) <= TAPS_MAX
    with visiting(chromium, size=PHONE, language="zh-CN") as mei:
        page = mei.page
        become(page, demo, MEI)
        for selector, address in TAPS:
            mei.tap(selector, until=address)
            assert mei.barriers() == []

        expect(page.locator(".timeline li").last).to_have_attribute("data-state", "done")
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{THREE_QUARTERS}已退到你手上")
        mei.look()
    assert 1425 in demo.paid_back()
