"""The certificate of a closing: what was stopped, paid, erased and kept, for anyone to check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.operations.declaring import counted, erased, exported, kept
from fairroam.apps.closures.operations.remembering import KEPT as KEPT_MARK
from fairroam.apps.closures.queries import figures_of
from fairroam.apps.closures.queries.waivers import waivers_of
from fairroam.apps.esims import queries as esims
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.orders import queries as orders
from fairroam.apps.papers import operations as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.refunds import queries as refunds
from fairroam.proof import commit, make_salt
from fairroam.rules.languages import words_for
from fairroam.rules.money import Money

FIGURES = {
    "PAID_IN": N_("Paid by you"),
    "GIFTED": N_("Given to you by us, and spent"),
    "RECEIVED": N_("Credit that others gave you"),
    "PAID_BACK": N_("Paid back to you"),
    "ON_ITS_WAY": N_("Still on its way to you"),
    "GIVEN_AWAY": N_("Credit that you gave to others"),
    "WAIVED": N_("Waived by you, claimable still"),
    "FORFEITED": N_("Not used and not taken back"),
    "KEPT": N_("Kept for what you used, with all tax"),
}


PENDING = {
    "DISPUTE": N_("Your bank looks at a payment; it decides, and holds nothing up here"),
    "PAYOUT": N_("Money that you have asked for; it arrives without your account"),
    "PAYOUT_HELD": N_("Money that waits for your bank's answer, and is sent after it"),
    "WAIVED": N_("Balance that you waived; whoever holds the waiver can claim it"),
    "PAYOUT_ASKED": N_("Money that needs another way; we ask you at your sealed address"),
}
ON_ITS_WAY = {"held": "PAYOUT_HELD", "failed": "PAYOUT_ASKED", "returned": "PAYOUT_ASKED"}


def certify(closure: Closure, *, now: datetime) -> tuple[Paper, dict[str, str]]:
    """Issue the certificate; with the salts that open its commitments, for the last mail."""
    with translation.override(closure.language.lower()):
        values = dict(committed_values(closure))
        salts = {name: make_salt() for name in values}
        certificate = papers.issue(
            kind="certificate",
            statement={
                **statement(closure),
                "commitments": {name: commit(values[name], salts[name]) for name in values},
            },
            language=closure.language,
            customer_id=closure.customer_id,
            now=now,
        )
    return certificate, salts


def statement(closure: Closure) -> dict[str, Any]:
    """What the certificate says; figures are those of the books at the closing."""
    assert closure.closed_at is not None
    customer_id, closed_at = closure.customer_id, closure.closed_at
    proof = {step.name: step.proof for step in closure.steps.all()}
    figures = figures_of(customer_id, until=closed_at)
    currencies = sorted({book.name.currency for book in ledger.balances_of(customer_id)})
    return {
        "zone": closure.customer.zone,
        "customer": closure.customer.number,
        "requested_at": closure.requested_at,
        "closed_at": closed_at,
        "stopped": list(stopped(closure)),
        "paid": list(paid(customer_id)),
        "exported": list(exported(customer_id)),
        "erased": list(erased(proof["erase"]["erased"])),
        "kept": [*kept(customer_id, closed_at), *kept_for_now(closure)],
        "pending": list(pending(closure)),
        "figures": [
            {"code": code, "text": _(FIGURES[code]), "amount": Money(minor, currency)}
            for code, currency, minor in figures
        ],
        "balance": [Money(0, currency) for currency in currencies],
    }


def stopped(closure: Closure) -> Iterator[dict[str, Any]]:
    """Every line of the customer's and when it was proven off; sign-ins and messages."""
    for line in reversed(esims.lines_of(closure.customer_id)):
        names = orders.terms_of(line.order_line_id).plan_copy["names"]
        yield {
            "code": "LINE",
            "text": words_for(names, closure.language),
            "at": line.ended_at,
            "why": _("; ").join(filter(None, said_of(line.order_line_id))),
        }
    proof = {step.name: step.proof for step in closure.steps.all()}
    yield {
        "code": "SESSIONS",
        "text": _("Signed out on all devices"),
        "why": counted(proof["sessions"]["sessions"]),
    }
    yield {
        "code": "NOTICES",
        "text": _("Messages no longer sent"),
        "why": counted(proof["notices"]["dropped"] + proof["close"]["dropped"]),
    }


def said_of(order_line_id: int) -> tuple[str, str]:
    """A card's number, masked, and whether the phone that had it has told of its deletion."""
    if esims.is_on_a_phone(order_line_id):
        phone = _("no phone has told yet that it was deleted there")
    else:
        is_deleted = esims.facts_of(order_line_id).deleted_at is not None
        phone = _("deleted in the phone, as it told us") if is_deleted else ""
    return masked(iccid_of(order_line_id)), phone


def paid(customer_id: int) -> Iterator[dict[str, Any]]:
    """Every refund that arrived, but for what has come back to us since: that is on its way."""
    for refund in reversed(refunds.refunds_of(customer_id)):
        arrived = [part.arrived_at for part in refund.parts if part.arrived_at]
        has_arrived = refund.stage == "paid" and len(arrived) == len(refund.parts)
        if has_arrived and refund.decision is not None:
            yield {
                "code": "REFUND",
                "text": _("Refund for order %(number)s") % {"number": refund.order_number},
                "amount": Money(refund.decision.total_minor, refund.currency),
                "why": refund.decision.number,
                "at": max(arrived),
            }


def pending(closure: Closure) -> Iterator[dict[str, Any]]:
    """What was open with the outside at the closing: it goes on without the customer."""
    for settlement in closure.settlements.select_related("payout").order_by("pk"):
        payout = settlement.payout
        code = "DISPUTE" if payout is None else ON_ITS_WAY.get(payout.stage, "PAYOUT")
        told: dict[str, Any] = {
            "code": code,
            "text": _(PENDING[code]),
            "amount": Money(settlement.amount_minor, settlement.currency),
        }
        if code == "PAYOUT" and payout is not None and payout.expected_by is not None:
            told["until"] = payout.expected_by
        yield told
    code = "WAIVED"
    for waiver in waivers_of(closure.customer_id, stage="waived"):
        yield {
            "code": code,
            "text": _(PENDING[code]),
            "amount": Money(waiver.amount_minor, waiver.currency),
            "why": waiver.paper.number,
            "until": waiver.claim_by,
        }


def kept_for_now(closure: Closure) -> Iterator[dict[str, Any]]:
    """What stays for a while only, sealed or as a keyed hash."""
    assert closure.closed_at is not None
    yield {
        "code": "MARK",
        "text": _("A keyed hash of your address"),
        "why": _("so that we can tell you when you closed this account, should you come back"),
        "until": (closure.closed_at + KEPT_MARK).date(),
    }
    if closure.payout_contact:
        yield {
            "code": "CONTACT",
            "text": _("Your address, sealed"),
            "why": _("until what is still on its way is over; then it is erased"),
        }


def committed_values(closure: Closure) -> Iterator[tuple[str, str]]:
    """What the certificate can be shown to be about, without saying it."""
    assert closure.sealed_address is not None
    yield "address", closure.sealed_address
    for line in esims.lines_of(closure.customer_id):
        iccid = iccid_of(line.order_line_id)
        if iccid:
            yield f"iccid {line.order_line_id}", iccid


def iccid_of(order_line_id: int) -> str:
    page = esims.line_page(order_line_id, orders.terms_of(order_line_id).customer_id)
    return page.iccid or ""


def masked(iccid: str) -> str:
    """The issuer's digits and the last four: enough to recognise, not enough to use."""
    return f"{iccid[:6]}…{iccid[-4:]}" if iccid else ""
