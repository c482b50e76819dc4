"""The installed app: what it may keep, what opens without a network, and that nothing stays."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from django.conf import settings as django_settings
from django.test import Client
from playwright.sync_api import CDPSession, Error, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import given
from tests.apps.closures_given import a_closed_account
from tests.apps.lines_given import a_ready_line, ask_and_end
from tests.browser.visitor import KEPT, running_chromium, visiting

ADDRESS = "mei@example.com"
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map((one) => one.body)"""
PAPER = re.compile(r'href="([^"]+)" data-kept-along')


@pytest.mark.usefixtures("catalogue")
def test_the_manifest_and_the_worker_serve_the_whole_site_and_name_their_parts(client):
    manifest = client.get("/manifest.webmanifest").json()
    worker = client.get("/worker.js")
    page = client.get("/offline/")

    assert (manifest["name"], manifest["display"], manifest["scope"]) == (
        "fairroam",
        "standalone",
        "/",
    )
    assert worker["Content-Type"].startswith("text/javascript")
    shell = json.loads(re.search(r"SHELL = (\[.*?\]);", worker.content.decode())[1])
    for url in [*shell, *(icon["src"] for icon in manifest["icons"])]:
        answer = client.get(url)
        answer.close()
        assert answer.status_code == 200, url
    assert b"data-kept-list" in page.content
    assert b"kept-under" not in page.content


@pytest.mark.usefixtures("catalogue")
def test_the_sign_out_lets_the_browser_forget_all_of_us(client):
    client.force_login(given.a_customer().user)

    left = client.post("/sign-in/logout/")

    assert left["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/")


def pushed(session: CDPSession, origin: str, page: Page) -> list[str]:
    """What the worker shows of a message that a push service hands to the browser."""
    known: list[dict[str, str]] = []
    updated = "ServiceWorker.workerRegistrationUpdated"
    session.on(updated, lambda told: known.extend(told["registrations"]))
    session.send("ServiceWorker.enable")
    while not known:
        page.wait_for_timeout(50)
    content = {"title": "fairroam", "body": "退款已到账", "tag": "1", "url": "/account/inbox/"}
    message = {
        "origin": origin,
        "registrationId": known[-1]["registrationId"],
        "data": json.dumps(content),
    }
    shown: list[str] = []
    for patience in range(600):
        if patience % 40 == 0:  # One that comes before all is ready is lost; its tag is the same.
            session.send("ServiceWorker.deliverPushMessage", message)
        shown = page.evaluate(SHOWN)
        if shown:
            break
        page.wait_for_timeout(50)
    return shown


@pytest.mark.promise(33, 66)
def test_what_was_kept_opens_without_a_network_and_is_gone_after_the_sign_out(committed, settings):
    closure, _refund = a_closed_account()
    line, refund = a_ready_line(email=ADDRESS), ask_and_end(a_ready_line(email=ADDRESS))
    customer = line.order.customer
    assert closure.certificate is not None
    owner = Client()
    owner.force_login(customer.user)
    cookie = owner.cookies[django_settings.SESSION_COOKIE_NAME].value
    server = LiveServer("127.0.0.1")
    invoice = f"/account/papers/{refund.order_line.order.invoice.number}/"
    pages = {
        f"/account/lines/{line.pk}/": ".qr svg",
        f"/account/refunds/{refund.pk}/": ".receipt",
        invoice: ".receipt",
        f"/verify/{closure.certificate.number}/": "[data-truth=true]",
    }
    papers = {at for page in pages for at in PAPER.findall(owner.get(page).content.decode())}
    kept = sorted({*pages, *papers})
    of_invoice = [path for path in kept if path.startswith(f"{invoice.rstrip('/')}.")]
    contents = {path: owner.get(path).content for path in of_invoice}
    assert len(contents) == 2
    try:
        with running_chromium() as chromium, visiting(chromium, language="en-GB") as visitor:
            page, context = visitor.page, visitor.page.context
            context.add_cookies(
                [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": server.url}]
            )
            page.goto(f"{server.url}/account/")
            page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            for path in pages:
                page.goto(server.url + path)
                page.get_by_role("button", name="Keep offline", exact=True).click()
                expect(page.get_by_role("button", name="Kept offline")).to_be_visible()

            context.grant_permissions(["notifications"], origin=server.url)
            page.goto(f"{server.url}/account/inbox/mails/")  # A private window has no push service.
            page.get_by_role("button", name="Turn on for this device").click()
            expect(page.locator("[data-unreachable]")).to_be_visible()
            assert pushed(context.new_cdp_session(page), server.url, page) == ["退款已到账"]
            context.set_offline(True)
            for path, part in pages.items():
                page.goto(server.url + path)
                expect(page.locator(part).first).to_be_visible()
            page.goto(f"{server.url}/account/wallet/")
            expect(page.get_by_role("heading", level=1)).to_have_text("No network")
            expect(page.locator("[data-kept-list] a")).to_have_count(len(kept))
            for path, content in contents.items():
                with page.expect_download() as download:
                    page.locator(f"[data-kept-list] a[href='{path}']").click()
                assert download.value.path().read_bytes() == content

            context.set_offline(False)
            page.goto(server.url + invoice)
            page.get_by_role("button", name="Kept offline").click()
            expect(page.get_by_role("button", name="Keep offline", exact=True)).to_be_visible()
            assert page.evaluate(KEPT) == sorted({*kept} - {invoice, *contents})
            page.goto(f"{server.url}/sign-in/logout/")
            page.locator("main form button").click()
            page.wait_for_url(f"{server.url}/")
            assert page.evaluate(KEPT) == []
            context.set_offline(True)
            with suppress(Error):  # maybe no worker is there yet, to show the offline page
                page.goto(server.url + next(iter(pages)))
            assert page.locator(".qr svg").count() == 0
    finally:
        server.stop()
