"""The worked cases of the contract through the real tables: every paper and page names one amount.

Each case is sold, used and asked back for by the acts that customers, networks and providers have.
Those that no act can bring about are named below, each with its reason.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Q
from django.test import Client

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.metering.operations.start import start_plan
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Consent, Order, OrderLine
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.models.troubles import STEPS
from fairroam.apps.refunds.queries.facts import quote
from fairroam.apps.wallet import operations as wallet
from fairroam.gateways.payments import PayoutStatus
from fairroam.project.verify import main as verify_command
from fairroam.rules.money import minor_digits
from fairroam.rules.tax import tax_inside
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.incidents_given import an_outage, see
from tests.apps.lines_given import ask, make_ready, prove_off, use
from tests.apps.refunds_given import STAFF, dispute, settle
from tests.rules.given import read_lines

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue", "desk")]

CASES = {case["name"]: case for case in read_lines("refunds.jsonl")}
NOT_PLAYED = {
    "pending-counts": "one request at a time: no second one meets money that is still on its way",
    "asked-too-much": "one request at a time: no second one meets money that is still on its way",
    "three-countries": "one plan has one data allowance; three eSIMs would be three lines",
}
# What brings a case before a person who finds that its end is the seller's doing.
A_TROUBLE = {"steps_done": 0, "cause": "technical"}
PLAYED = [name for name in CASES if name not in NOT_PLAYED]


def instant(case: dict[str, Any], name: str) -> datetime | None:
    written = case["facts"].get(name)
    return datetime.fromisoformat(written) if written else None


def when(case: dict[str, Any], name: str) -> datetime:
    found = instant(case, name)
    assert found is not None, name
    return found


def sold(case: dict[str, Any]) -> OrderLine:
    """The plan of a case, bought and paid on its day under its packs."""
    facts = case["facts"]
    begun, over = instant(case, "starts_at"), instant(case, "ends_at")
    # What is only kept, like a number, allows nothing and runs by the calendar.
    unnamed = [] if begun else [{"kind": "data", "granted": 10**10}]
    allowances = facts.get("allowances", unnamed)
    sold_as = [
        {name: one[name] for name in ("kind", "granted", "weight") if name in one}
        for one in allowances
    ]
    code = f"case-{uuid4().hex[:8]}"
    catalogue.offer_plan(
        code=code,
        names={"en": case["name"]},
        countries=["JP"],
        validity_days=(over - begun).days if begun and over else 30,
        currency=facts["currency"],
        price_minor=facts["paid"],
        list_price_minor=facts.get("list_price", facts["paid"]),
        profile_type="travel-data",
        allowances=sold_as,
    )
    wallet_of = filled_wallet(case)
    order = given.an_order(code, now=when(case, "concluded_at"), wallet_of=wallet_of)
    rate = facts.get("tax_rate", "0")
    Order.objects.filter(pk=order.pk).update(zone=facts["zone"], residence=facts["residence"])
    order.lines.update(
        packs=case["packs"], tax_rate=rate, tax_minor=tax_inside(facts["paid"], rate)
    )
    for kind in ("express_request", "loss_acknowledged"):
        if not instant(case, f"{kind}_at"):
            Consent.objects.filter(order=order, kind=kind).delete()
    given.pay(order, now=when(case, "paid_at"))
    if notice := instant(case, "notice_received_at"):
        orders.record_notice(order_id=order.pk, now=notice)
    line = order.lines.select_related("order__customer").get()
    make_ready(line, now=when(case, "ready_at"))
    if begun and not allowances:
        start_plan(order_line_id=line.pk, starts_at=begun, now=begun)
    return line


def filled_wallet(case: dict[str, Any]) -> int | None:
    """Whose wallet pays what no card does: a voucher's worth was paid in, a promotion was given."""
    tenders = case["facts"].get("tenders", [])
    kinds = {one["kind"]: one["captured"] for one in tenders if one["kind"] != "cash"}
    if not kinds:
        return None
    ada, at, currency = given.a_customer(), when(case, "concluded_at"), case["facts"]["currency"]
    wallets.terms(currency=currency, now=at)
    if "credit" in kinds:
        wallets.a_top_up(ada, kinds["credit"], currency=currency, now=at)
    if "promo" in kinds:
        credit = {"currency": currency, "minor": kinds["promo"], "days": 180}
        wallet.give(customer_id=ada.pk, origin="offer", cause=case["name"], now=at, **credit)
    return ada.pk


def used(case: dict[str, Any], line: OrderLine) -> None:
    """The network counts what was used, from the beginning of the plan, and where it failed."""
    begun = instant(case, "first_attach_at") or instant(case, "first_usage_at")
    if begun is None:
        return
    for allowance in case["facts"]["allowances"]:
        use(line, allowance["used"], kind=allowance["kind"], at=begun)
    for outage in case["facts"].get("outages", []):
        began_at, ended_at = (datetime.fromisoformat(outage[end]) for end in ("from", "until"))
        see(line, began_at, country="JP", kind="attach")
        an_outage(began_at, ended_at)
    if trouble := case["facts"].get("trouble"):
        troubled(line, trouble)
    elif case["facts"].get("cause") == "trader":
        troubled(line, A_TROUBLE | {"opened_at": case["facts"]["declared_at"]})


def troubled(line: OrderLine, trouble: dict[str, Any]) -> None:
    """The customer says that it does not work, and walks through the steps."""
    at = datetime.fromisoformat(trouble["opened_at"])
    whose = {"order_line_id": line.pk, "customer_id": line.order.customer_id, "now": at}
    refunds.open_trouble(cause=trouble["cause"], **whose)
    for kind in STEPS[: trouble["steps_done"]]:
        refunds.record_step(kind=kind, has_helped=False, **whose)


def asked(case: dict[str, Any], line: OrderLine) -> RefundRequest:
    """Ask at the instant of the case, have the line proven off, and a person answer if need be.

    What came back before was asked for a moment earlier; the line is off by the second time.
    """
    at = when(case, "declared_at")
    before = case["facts"].get("refunded")
    first = ask(line, now=at, asked_minor=before)
    prove_off(line, now=at + timedelta(seconds=1))
    answered(first, at, is_ours=case["facts"].get("cause") == "trader")
    return answered(ask(line, now=at + timedelta(seconds=2)), at) if before else first


def answered(refund: RefundRequest, at: datetime, *, is_ours: bool = False) -> RefundRequest:
    """What a person answers where the rules do not alone, and the money's arrival."""
    refund.refresh_from_db()
    act = {"request_id": refund.pk, "staff_user_id": STAFF, "now": at + timedelta(hours=1)}
    if is_ours:
        assert refund.desk.doubts == ["whose_doing"]
        refunds.take_blame(**act)
    if refund.stage == "under_review" and Decision.objects.filter(request=refund).last().due_minor:
        refunds.approve(**act)
    elif refund.stage == "under_review":
        refunds.decline(**act, words="The rules give nothing back.")
    for part in refund.parts.filter(payout__isnull=False, is_held=False):
        settle(part.payout_id, PayoutStatus.SUCCEEDED, now=at + timedelta(hours=2))
    refund.refresh_from_db()
    return refund


def amount(minor: int, currency: str) -> str:
    digits = minor_digits(currency)
    whole, rest = divmod(minor, 10**digits)
    return f"{whole}.{rest:0{digits}} {currency}" if digits else f"{whole} {currency}"


@pytest.mark.promise(46)
@pytest.mark.promise(78)
@pytest.mark.parametrize("name", PLAYED)
def test_quote_payout_papers_and_verification_name_the_same_amount(name, tmp_path, capsys):
    case = CASES[name]
    due, currency = case["expect"]["due"], case["facts"]["currency"]
    line = sold(case)
    used(case, line)
    if case["facts"].get("tenders", [{}])[0].get("disputed"):
        dispute(line.order.payment, now=when(case, "declared_at"))

    if not case["facts"].get("refunded") and "cause" not in case["facts"]:
        assert quote(line.pk, now=when(case, "declared_at")).due == due
    refund = asked(case, line)

    paper = refund.decision_paper
    assert paper.statement["total"]["minor"] == due
    assert sum(refund.parts.values_list("amount_minor", flat=True)) == due
    split = sorted(one["amount"] for one in case["expect"]["split"])
    assert sorted(refund.parts.values_list("amount_minor", flat=True)) == split
    # A disputed payment waits for its outcome; a card charged too long ago for an account.
    waits = Q(is_held=True) | Q(payout__stage="needs_account")
    is_open = refund.parts.filter(waits).exists()
    assert refund.stage == ("declined" if not due else "approved" if is_open else "paid")
    for other in (refund.credit_note, receipt_of(refund)):
        assert other is None or other.statement["total"]["minor"] == due
    assert (receipt_of(refund) is not None) == (refund.stage == "paid")
    (tmp_path / "paper.json").write_text(paper.signed)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(papers.key_set().as_jwks()))
    assert verify_command([str(tmp_path / "paper.json"), "--keys", str(keys)]) == 0
    said = capsys.readouterr().out
    assert f"the same amount, {amount(due, currency)}." in said
    page = Client().get(f"/verify/{paper.number}/").content.decode()
    assert f"{amount(due, currency)}, the same amount" in page


def receipt_of(refund: RefundRequest) -> Paper | None:
    if refund.credit_note is None:
        return None
    decision = refund.decision_paper.statement["decision"]
    return papers.receipt_of(decision, refund.credit_note.refers_to_id)


def test_every_case_is_played_or_says_why_not():
    assert NOT_PLAYED.keys() < CASES.keys()
    assert len(PLAYED) >= 29
    assert all(len(why) > 30 for why in NOT_PLAYED.values())
