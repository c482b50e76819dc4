"""Every route, tried by who may not: another's ids are as unknown as ids that nobody has.

The routes are read from the program: a new one fails here until it says whose it is.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from fairroam.apps.contacts import operations as contacts
from fairroam.apps.conversations.models import Thread
from fairroam.apps.customers.models import BrowserSession, User
from fairroam.apps.evidence.models import Evidence
from fairroam.apps.exports.models import Export
from fairroam.apps.payments.models import Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.clock import now
from fairroam.gateways.contact_files import Card
from tests import given
from tests.apps.lines_given import a_ready_line, ask, ask_and_end, use
from tests.apps.numbers_given import a_kept_number
from tests.apps.refunds_given import GIGABYTE
from tests.files_given import a_picture
from tests.given import NOON
from tests.web.abuse_given import browser_of, bytes_of, code_of, filled, nothing_changed, routes
from tests.web.factors_given import note
from tests.web.test_inbox import a_notice
from tests.web.test_vouchers import a_voucher_now

pytestmark = pytest.mark.usefixtures("catalogue")
NOBODY = 987_654_321
# Parameters that name nothing of a customer's: a plan, a version of the terms, a form, a kind.
NOBODY_S = {"code", "name", "before", "after", "form", "kind", "currency", "slug", "language"}
OF_THE_WALLET = ("top_up_id", "transfer_id")  # its own tests make such rows
# Routes that are open to whoever holds a signed paper: its number alone says "true" or "revoked".
OPEN = {"verify/<path:number>/"}
UNKNOWN: dict[str, object] = {
    "key": uuid4(),
    "top_up_key": uuid4(),
    "voucher_key": uuid4(),
    "number": "FR-0000-0000",
    "seal": "FR-0000-0000",
    "token": "FR-0000-0000",
    "code": "japan-10gb-30d",
    "name": "eu-crd@1",
    "before": "eu-crd@1",
    "after": "eu-crd@1",
    "form": "json",
    "kind": "deactivate",
    "currency": "EUR",
    "slug": "install",
    "language": "en",
}
# Rows without what makes them visible.
LATER_ON = {"export_id", "top_up_key", "voucher_key", *OF_THE_WALLET}
AWAY = "/sign-in/"
# The least role that each page of the desk wants; all pages that are not named want an agent.
SENIOR = ("disputes/", "figures/", "arrivals/", "payouts/", "reconciliation/", "books/check/")
OPERATOR = (
    "brand/", "channels/", "incidents/", "packs/", "plans/", "promo-codes/", "records/", "runs/",
    "tariffs/", "team/", "usage/", "vouchers/",
)  # fmt: skip
AGENT = (
    "refunds/", "conversations/", "files/", "numbers/", "declarations/", "lines/", "reports/",
    "books/", "suppliers/", "notices/", "closures/", "guides/", "transfers/", "trials/",
    "search/", "customers/",
)  # fmt: skip
BY_AGENTS = {"payouts/<int:payout_id>/send-again/"}
BY_SENIORS = {"suppliers/<int:order_line_id>/settle/"}
BY_OPERATORS = {"guides/<slug:slug>/show/"}
TOKENS = {"invitations/<str:token>/"}  # open to the mailbox that it was sent to


@pytest.fixture
def ada() -> User:
    """A customer with everything that a customer can have."""
    return given.a_customer().user


@pytest.fixture
def hers(ada: User, settings: Any, tmp_path: Any) -> dict[str, object]:
    """The ids of what is Ada's, by the names of the routes' parameters."""
    settings.FAIRROAM_EVIDENCE_FOLDER = tmp_path / "evidence"
    keeping, paid = a_kept_number(), ask_and_end(a_ready_line())
    line = a_ready_line()
    use(line, 2 * GIGABYTE)
    refund = ask(line, now=now(), words="Slow all week")
    offer = refunds.make_offer(
        request_id=refund.pk,
        staff_user_id=given.a_colleague("operator", email="olga@example.com").pk,
        kind="money",
        quantity=300,
        hours=48,
        words="Sorry",
        now=now(),
    )
    browser = browser_of(ada)
    browser.get("/account/")
    said = {"subject": "Help", "words": "Look", "key": uuid4(), "kind": "network_failure"}
    browser.post(
        "/account/messages/", said | {"uploads": [SimpleUploadedFile("shot.png", a_picture())]}
    )
    asked = f"/account/lines/{keeping.pk}/refund/"
    form = browser.get(asked).context["form"]
    seen = browser.post(asked, {name: form[name].value() for name in ("key", "currency")})
    passkey = Authenticator.objects.create(user=ada, type="webauthn", data={"name": "key"})
    order = paid.order_line.order
    return {
        "line_id": keeping.pk,
        "key": seen.url.rstrip("/").rpartition("/")[2],
        "refund_id": refund.pk,
        "offer_id": offer.pk,
        "notice_id": a_notice(order.customer_id).pk,
        "payout_id": Payout.objects.get(cause=f"refund:{paid.pk}").pk,
        "thread_id": Thread.objects.get().pk,
        "evidence_id": Evidence.objects.get().pk,
        "number": order.number,
        "paper": order.invoice.number,
        "seal": order.number,  # It is no seal, whoever's it is.
        "pk": passkey.pk,
        "session_id": BrowserSession.objects.get(user=ada).pk,
        "contact_id": contacts.add_contact(
            customer_id=order.customer_id, card=Card(name="Bo"), now=now()
        ),
        "export_id": Export.objects.create(customer_id=order.customer_id, asked_at=NOON).pk,
        "top_up_key": uuid4(),
        "voucher_key": a_voucher_now(order.customer).payment.key,
        **dict.fromkeys(OF_THE_WALLET, 1),
    }


def of_customers() -> list[tuple[str, list[str]]]:
    """The routes that could lead to something of a customer's."""
    return [
        (route, names)
        for route, names in routes()
        if not route.startswith(("desk/", "hooks/")) and route not in OPEN and set(names) - NOBODY_S
    ]


def address_of(route: str, hers: dict[str, object]) -> str:
    """A route with Ada's ids in it."""
    number = hers["paper" if route.startswith("account/papers/") else "number"]
    return filled(route, UNKNOWN | hers | {"number": number})


@pytest.mark.promise(62)
def test_abuse_1_what_is_another_s_is_as_unknown_as_what_nobody_has(ada, hers):
    """Abuse 1 and 3, on every route that takes an id; with a fresh proof, and sent without one."""
    eve = given.a_paid_line(email="eve@example.com").order.customer.user
    tried = of_customers()
    assert [route for route, names in tried if not set(names) <= hers.keys() | NOBODY_S] == []

    def answered(is_proven: bool, act: str, path: str) -> tuple[int, str, bytes]:
        cache.clear()  # Nobody tries that often at once.
        browser = browser_of(eve)  # A new one: what was said to the last one is shown there.
        if is_proven:
            note(browser, eve, method="code", email="eve@example.com")
        return bytes_of(getattr(browser, act)(path), path)

    with nothing_changed(but="mails"):  # Codes are mailed to who asks.
        for route, names in tried:
            nobodys = {name: NOBODY for name in names if name not in UNKNOWN}
            unknown = filled(route, UNKNOWN | nobodys)
            for is_proven, act in ((True, "get"), (True, "post"), (False, "post")):
                foreign = answered(is_proven, act, address_of(route, hers))
                assert foreign == answered(is_proven, act, unknown), (act, route)
                if route.startswith("account/") and is_proven and "seal" not in names:
                    # A redirect leads to the sign-in alone.
                    is_shut = foreign[0] in (404, 405) or foreign[1].startswith(AWAY)
                    assert is_shut, (act, route, foreign[:2])


def test_what_is_one_s_own_is_there(ada, hers):
    """The ids above are real: their owner is answered by each of these routes."""
    browser = browser_of(ada)
    note(browser, ada, method="mfa", type="webauthn")

    for route, names in of_customers():
        is_shown = route.startswith("account/") and not set(names) & {"seal", *LATER_ON}
        if not is_shown or route.endswith("/number/code/"):  # There is one once a number moves.
            continue
        answer = browser.get(address_of(route, hers))
        assert answer.status_code in (200, 302, 405), route


def test_without_a_sign_in_the_account_is_shut(ada, hers):
    """Abuse 1: a visitor is led to the sign-in, whatever the address."""
    shut = [one for one in routes() if one[0].startswith("account/") and "seal" not in one[1]]
    with nothing_changed():
        for route, _names in shut:
            for act in ("get", "post"):
                shown = getattr(browser_of(None), act)(address_of(route, hers))
                where = shown.get("Location", "")
                is_shut = where.startswith(("/sign-in/", "/account/security/"))
                # Lines that were bought in this browser are shown in it; others are not there.
                assert is_shut or shown.status_code in (404, 405), (act, route)


# The desk --------------------------------------------------------------------------------------


def role_for(route: str) -> str:
    """The least role for a page of the desk, as this file says it."""
    page = route.removeprefix("desk/")
    if page in BY_AGENTS or page == "":
        return "agent"
    if page in BY_SENIORS:
        return "senior"
    if page in BY_OPERATORS:
        return "operator"
    for role, starts in (("senior", SENIOR), ("operator", OPERATOR), ("agent", AGENT)):
        if page.startswith(starts):
            return role
    pytest.fail(f"say here which role may open {route}")


def desk_paths() -> list[tuple[str, str]]:
    """Every page of the desk and its least role. The ids are the first ones of their tables."""
    ids = UNKNOWN | {name: 1 for _route, names in routes() for name in names if name not in UNKNOWN}
    return [
        (filled(route, ids), role_for(route))
        for route, _names in routes()
        if route.startswith("desk/") and route.removeprefix("desk/") not in TOKENS
    ]


def test_for_customers_there_is_no_desk(ada, hers):
    """Abuse 1 and 5: the same 404 on every page, for those whose case it is as well."""
    customer, visitor, seen = browser_of(ada), browser_of(None), set()
    with nothing_changed():
        for path, _role in desk_paths():
            for method in ("get", "post"):
                answer = getattr(customer, method)(path)
                sent_away = getattr(visitor, method)(path)
                assert answer.status_code == 404, (method, path)
                assert sent_away["Location"].startswith("/sign-in/"), (method, path)
                seen.add(bytes_of(answer, path))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("role", "missing"), [("agent", {"senior", "operator"}), ("senior", {"operator"})]
)
def test_a_smaller_role_is_told_which_one_may(role, missing):
    """Abuse 5: 403 by role before anything is looked up or done."""
    browser = browser_of(given.a_colleague(role))
    with nothing_changed():
        for path, least in desk_paths():
            for act in (browser.get, browser.post) if least in missing else ():
                answer = act(path)
                assert (answer.status_code, code_of(answer)) == (403, "not-allowed"), path


@pytest.mark.parametrize("role", ["agent", "senior", "operator"])
def test_each_role_opens_its_own_pages(role):
    """The table above is the program's: what a role may open is not 403 for it."""
    browser = browser_of(given.a_colleague(role))
    for path, least in desk_paths():
        if least == role:
            assert "not-allowed" not in browser.get(path).content.decode(), path


@pytest.mark.parametrize("role", ["senior", "operator"])
def test_a_large_role_without_a_second_factor_opens_nothing(role):
    user = given.a_colleague(role)
    Authenticator.objects.filter(user=user).delete()
    browser = browser_of(user)
    with nothing_changed():
        for path, least in desk_paths():
            if least in ("agent", role):
                assert browser.post(path).status_code == 403, path
