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
from django.test import Client

from fairroam.apps.catalogue import operations as catalogue
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import Consent, Order, OrderLine
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.apps.refunds.queries.facts import quote
from fairroam.gateways.payments import PayoutStatus
from fairroam.project.verify import main as verify_command
from fairroam.rules.money import minor_digits
from fairroam.rules.tax import tax_inside
from tests import given
from tests.apps.lines_given import ask, make_ready, prove_off, use
from tests.apps.refunds_given import STAFF, dispute, settle
from tests.rules.given import read_lines

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue", "desk")]

CASES = {case["name"]: case for case in read_lines("refunds.jsonl")}
A_TERM = "time runs without any use only for a number's plan; tests/apps/test_numbers.py sells one"
TROUBLE = "the steps of a trouble are walked on their page; tests/web/test_trouble.py does"
NOT_PLAYED = {
    "leap-year-pro-rata": A_TERM,
    "number-plan-cancelled-mid-term": A_TERM,
    "discount-trader-cause": "no act of ours records whose cause it was, though the pack asks",
    "unusable-and-not-cured": TROUBLE,
    "failed-after-two-gigabytes": TROUBLE,
    "unusable-after-two-days": TROUBLE,
    "unusable-too-early": TROUBLE,
    "outage-three-of-ten-days": "needs a line that was seen there; tests/apps/test_incidents.py",
    "pending-counts": "one request at a time: no second one meets money that is still on its way",
    "asked-too-much": "one request at a time: no second one meets money that is still on its way",
    "two-tenders": "a voucher pays only through the wallet; tests of the wallet spend one",
    "promo-is-not-cash": "promotional credit pays only through the wallet; its tests spend some",
    "three-countries": "one plan has one data allowance; three eSIMs would be three lines",
}
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
    allowances = facts.get("allowances") or [{"kind": "data", "granted": 10**10}]
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
    order = given.an_order(code, now=when(case, "concluded_at"))
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
    return line


def used(case: dict[str, Any], line: OrderLine) -> None:
    """The network counts what was used, from the beginning of the plan."""
    begun = instant(case, "first_attach_at") or instant(case, "first_usage_at")
    if begun is None:
        return
    for allowance in case["facts"]["allowances"]:
        use(line, allowance["used"], kind=allowance["kind"], at=begun)


def asked(case: dict[str, Any], line: OrderLine) -> RefundRequest:
    """Ask at the instant of the case, have the line proven off, and a person answer if need be.

    What came back before was asked for a moment earlier; the line is off by the second time.
    """
    at = when(case, "declared_at")
    before = case["facts"].get("refunded")
    first = ask(line, now=at, asked_minor=before)
    prove_off(line, now=at + timedelta(seconds=1))
    answered(first, at)
    return answered(ask(line, now=at + timedelta(seconds=2)), at) if before else first


def answered(refund: RefundRequest, at: datetime) -> RefundRequest:
    """What a person answers where the rules do not alone, and the money's arrival."""
    refund.refresh_from_db()
    act = {"request_id": refund.pk, "staff_user_id": STAFF, "now": at + timedelta(hours=1)}
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

    if not case["facts"].get("refunded"):
        assert quote(line.pk, now=when(case, "declared_at")).due == due
    refund = asked(case, line)

    paper = refund.decision_paper
    assert paper.statement["total"]["minor"] == due
    assert sum(refund.parts.values_list("amount_minor", flat=True)) == due
    is_held = refund.parts.filter(is_held=True).exists()
    assert refund.stage == ("declined" if not due else "approved" if is_held else "paid")
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
    return papers.receipt_of(decision, refund.credit_note.refers_to)


def test_every_case_is_played_or_says_why_not():
    assert NOT_PLAYED.keys() < CASES.keys()
    assert len(PLAYED) >= 19
    assert all(len(why) > 30 for why in NOT_PLAYED.values())
