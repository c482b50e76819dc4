"""Leaving: the checklist, the closing step by step, and a certificate that a stranger can check."""

from __future__ import annotations

import json
import subprocess

import pytest

from fairroam.apps.closures.models import Closure
from fairroam.apps.customers.models import Customer, User
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices import operations as notices
from fairroam.clock import now
from fairroam.proof import opens
from tests.conftest import ROOT
from tests.stories.traveller import stage_of

GIGABYTE = 10**9


def verify(folder, document, keys) -> subprocess.CompletedProcess[str]:
    """What the offline verifier says, as a program of its own without any database."""
    (folder / "certificate.json").write_text(json.dumps(document))
    (folder / "keys.json").write_text(json.dumps(keys))
    return subprocess.run(
        [ROOT / ".venv/bin/fairroam", "verify", "certificate.json", "--keys", "keys.json"],
        cwd=folder,
        env={"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"},
        capture_output=True,
        text=True,
    )


@pytest.mark.promise(58, 63, 73, 74, 78)
def test_a_traveller_takes_the_money_first_then_leaves_with_a_certificate(
    stack, traveller, tmp_path
):
    kim = traveller(residence="DE")
    line = kim.buy("japan-10gb-30d")
    iccid = kim.install(line)
    kim.phone.enable(iccid, country="JP")
    kim.phone.use(iccid, 4 * GIGABYTE, country="JP")
    kim.sign_in()
    stack.rest()
    assert "You can get €11.40 back now" in kim.read("/account/leave/")
    refund = kim.ask_money_back(line)
    assert "€11.40" in kim.read("/account/leave/")  # asked for, or on its way by now
    stack.settle(lambda: stage_of(refund) == "paid")
    stack.rest()
    customer = Customer.objects.get(user__email=kim.email)

    progress = kim.leave()
    stack.rest()

    assert stage_of(Closure.objects.get()) == "certified"
    assert "Your account is closed" in kim.read(progress)
    assert_all_is_gone(customer, kim)
    certificate = kim.attached_document(kim.mails()[-1])
    keys = kim.browser.get("/.well-known/fairroam-keys.json").json()
    said = verify(tmp_path, certificate, keys)
    assert said.returncode == 0, said.stdout + said.stderr
    forged = json.loads(json.dumps(certificate).replace('"minor": 1140', '"minor": 1900'))
    assert forged != certificate
    assert verify(tmp_path, forged, keys).returncode == 1
    assert_it_is_about(kim, certificate["statement"], kim.mails()[-1]["text"])
    assert_nothing_is_sent_any_more(stack, kim, customer)


def assert_all_is_gone(customer, kim) -> None:
    """No sign-in, no balance, no address; the books stay without a name."""
    customer.refresh_from_db()
    assert not customer.is_open
    assert not User.objects.filter(email=kim.email).exists()
    assert not any(book.minor for book in books.balances_of(customer.pk))
    assert kim.browser.get("/account/").url.path.startswith("/sign-in/")


def assert_it_is_about(kim, statement, mail) -> None:
    """The certificate names nobody, and yet its holder can show whose it is."""
    assert kim.email not in json.dumps(statement)
    salt = next(row for row in mail.splitlines() if " · address: " in row).split(": ")[1]
    assert opens(statement["commitments"]["address"], kim.email, salt)
    assert [row["amount"]["minor"] for row in statement["paid"]] == [1140]


def assert_nothing_is_sent_any_more(stack, kim, customer) -> None:
    before = len(kim.mails())
    told = notices.send(
        kind="orders.given_up", act="late", customer_id=customer.pk, context={}, now=now()
    )
    stack.rest()
    assert told is None
    assert len(kim.mails()) == before


@pytest.mark.promise(60)
def test_a_running_plan_is_shown_as_lost_before_it_is_given_up(stack, traveller):
    leo = traveller(residence="US")
    line = leo.buy("japan-10gb-30d")
    iccid = leo.install(line)
    leo.phone.enable(iccid, country="JP")
    leo.phone.use(iccid, 3 * GIGABYTE, country="JP")
    leo.sign_in()
    stack.rest()
    shown = leo.read("/account/leave/")
    assert "7 GB of it are unused" in shown

    leo.leave()
    stack.rest()

    assert stage_of(Closure.objects.get()) == "certified"
    assert stack.effects("lines", "end", iccid=iccid)
    assert leo.phone.enable(iccid, country="JP")["network"]["service"] == "none"
    assert not stack.effects("payments", "refund_accepted")
    assert books.balance(BookName("earned", "EUR")) == 1900 * 3 // 10
    assert books.balance(BookName("breakage", "EUR")) == 1900 * 7 // 10
