"""Passkeys in a real browser, with a virtual authenticator: added, signed in with, asked for.

Passkeys want https or http://localhost, so the pages are served there for this test alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from playwright.sync_api import Browser, expect

from tests.browser.visitor import Visitor, visiting

ANSWERS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Quiet(WSGIRequestHandler):
    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, request: Any, settings: Any) -> Iterator[str]:
    """The address of the pages on localhost; our threads close what they open."""
    # The browser's driver keeps an event loop in this thread, and Django would refuse to ask.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    request.getfixturevalue("committed")
    from django.core.wsgi import get_wsgi_application
    from django.db import connections

    def answer(environ: Any, start_response: Any) -> Any:
        body = application(environ, start_response)
        try:
            yield from body
        finally:
            body.close()
            connections.close_all()

    application = get_wsgi_application()
    settings.ALLOWED_HOSTS = ["localhost"]
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.FAIRROAM_ADDRESS = f"http://localhost:{server.server_port}"
    settings.CSRF_TRUSTED_ORIGINS = [settings.FAIRROAM_ADDRESS]
    yield settings.FAIRROAM_ADDRESS
    server.shutdown()
    thread.join()
    server.server_close()


def sign_in_by_mail(ada: Visitor, site: str) -> None:
    from tests.web.factors_given import newest_code

    page = ada.page
    page.goto(f"{site}/sign-in/login/code/")
    page.locator("[name=email]").fill("ada@example.com")
    ada.follow(page.get_by_role("button", name="Send me a code"))
    page.locator("[name=code]").fill(newest_code())
    ada.follow(page.get_by_role("button", name="Sign in", exact=True))


def test_a_passkey_is_added_signs_in_and_proves_who_acts(site: str, chromium: Browser) -> None:
    from tests.given import a_customer
    from tests.web.factors_given import mails

    a_customer()
    with visiting(chromium, language="en-GB") as ada:
        page = ada.page
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        device.send("WebAuthn.addVirtualAuthenticator", {"options": ANSWERS})
        sign_in_by_mail(ada, site)
        add(ada, site)

        page.context.clear_cookies()
        page.goto(f"{site}/sign-in/login/code/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.wait_for_url("**/account/")
        assert len(mails()) == 1  # no code was needed this time
        ada.look()

        grow_old()
        page.goto(f"{site}/account/security/address/")
        page.locator("[name=email]").fill("new@example.com")
        ada.follow(page.get_by_role("button", name="Send me a code"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Is it you?")
        ada.follow(page.get_by_role("button", name="Use a passkey"))
        page.wait_for_url("**/account/security/address/code/")
        assert mails()[-1].to == ["new@example.com"]


def add(ada: Visitor, site: str) -> None:
    page = ada.page
    page.goto(f"{site}/account/security/")
    ada.follow(page.get_by_role("link", name="Add a passkey"))
    page.locator("[name=name]").fill("My phone")
    ada.follow(page.get_by_role("button", name="Add it"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator("main li code")).to_have_count(10)
    ada.follow(page.get_by_role("link", name="I have written them down"))
    expect(page.get_by_text("My phone", exact=True)).to_be_visible()


def grow_old() -> None:
    """Let what was proven in every browser be eleven minutes old."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    for row in Session.objects.all():
        session = SessionStore(row.pk)
        for record in session.get("account_authentication_methods", []):
            record["at"] -= 660
        session.modified = True
        session.save()
