"""A mail with a photo opens a case: the agent reads it and takes it as a withdrawal.

Runs after the pages were looked at, since it ends the plan of one of the cast.
"""

from __future__ import annotations

import smtplib

import pytest
from playwright.sync_api import Browser, expect

from tests.apps.mail_given import OURS, a_mail
from tests.browser.demo import Demo, eventually
from tests.browser.visitor import DESK, become, visiting
from tests.files_given import a_picture

CUSTOMER, MAX = "ben@example.com", "max@fairroam.example"


@pytest.mark.promise(26)
def test_a_mail_with_a_photo_becomes_a_case(demo: Demo, chromium: Browser) -> None:
    mail = a_mail(sender=CUSTOMER, subject="No network in Osaka", picture=a_picture())
    with smtplib.LMTP("127.0.0.1", demo.ports["lmtp"], timeout=20) as door:
        assert door.sendmail(CUSTOMER, [OURS], mail) == {}

    with visiting(chromium, size=DESK, language="en-GB") as desk:
        page = desk.page
        become(page, demo, MAX)
        desk.open(demo.shop + "/desk/conversations/")
        assert desk.barriers() == []
        desk.tap("main a:has-text('No network in Osaka')", until="**/desk/conversations/*/")
        expect(page.locator("main img.thumb")).to_be_visible()
        assert desk.barriers() == []
        page.get_by_text("This asks for money back").click()
        page.get_by_role("button", name="It is a withdrawal").click()
        expect(page.get_by_text("taken as a withdrawal")).to_be_visible()
        desk.look()

    with visiting(chromium, language="zh-CN") as customer:
        become(customer.page, demo, CUSTOMER)
        customer.open(demo.shop + "/account/messages/")
        assert customer.barriers() == []
        customer.tap("main a:has-text('No network in Osaka')", until="**/account/messages/*/")
        expect(customer.page.get_by_text("已作为撤回声明处理")).to_be_visible()
        assert customer.barriers() == []
        customer.open(demo.shop + "/account/history/")
        expect(customer.page.locator("main a[href^='/account/refunds/']").first).to_be_visible()
    subjects = eventually(
        lambda: [one["subject"] for one in demo.mails(CUSTOMER) if "No network" in one["subject"]],
        "the acknowledgement",
    )
    assert len(subjects) == 1
