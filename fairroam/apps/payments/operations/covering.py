"""What a customer's bank took back in a lost dispute, and what of it we owed them anyway."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Sum

from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import BankAccount, Dispute, LateMoney, Payment, Payout
from fairroam.apps.payments.queries.rows import LATE
from fairroam.rules import stages

RESERVED = ("held", "planned", "needs_account", "manual_payout")
NOT_RESERVED = ("failed", "returned")


def owed_book(payout: Payout) -> BookName:
    """Out of which book a payout is paid."""
    if payout.cause.startswith(LATE):
        return BookName("suspense", payout.currency)
    if payout.handed_over_at is not None:
        return BookName("settlement", payout.currency)
    return BookName("refunds_owed", payout.currency, customer_id=payout.customer_id)


def lost_minor(payment_id: int) -> int:
    """What disputes took for good."""
    lost = Dispute.objects.filter(payment_id=payment_id, stage="lost")
    return lost.aggregate(total=Sum("amount_minor"))["total"] or 0


def cover_by_chargebacks(payment_id: int, *, now: datetime) -> None:
    """Settle what is owed through a payment, and has not left, by what its bank took from us.

    The payment must be locked, and what is owed booked. Safe to repeat, and the same whatever was
    heard first: a lost dispute is a loss, until something is owed that it paid.
    """
    lost = lost_minor(payment_id)
    if not lost:
        return
    payment = Payment.objects.get(pk=payment_id)
    left = lost - payment.charged_back_minor
    owed = Payout.objects.select_for_update(no_key=True, of=("self",)).filter(
        payment=payment,
        stage__in=(*RESERVED, *NOT_RESERVED),
        late__isnull=True,
        is_in_good_faith=False,
    )
    for payout in owed.order_by("pk"):
        part = min(left, payout.amount_minor - payout.covered_minor)
        if part > 0:
            cover(payout, part, now)
            left -= part


def cover(payout: Payout, part: int, now: datetime) -> None:
    """Settle `part` of a payout: what was booked as lost was owed."""
    loss = BookName("loss", payout.currency)
    key = f"payout:{payout.key}/chargeback:{payout.covered_minor}"
    ledger.post([Entry(key, part, owed_book(payout), loss)], now=now)
    reserved = part if payout.stage in RESERVED else 0
    Payment.objects.filter(pk=payout.payment_id).update(
        pending_minor=F("pending_minor") - reserved,
        charged_back_minor=F("charged_back_minor") + part,
    )
    payout.covered_minor += part
    if payout.covered_minor == payout.amount_minor:
        if payout.stage in RESERVED and payout.stage != "held":
            payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, "hold")
        payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, "settle")
        payout.arrived_at, payout.is_live = now, None
    payout.save(update_fields=["covered_minor", "stage", "arrived_at", "is_live"])
    if payout.stage == "settled_by_chargeback":
        end_late_money(payout)
        erase_account(payout, now)
        journal.tell(
            "payout.settled_by_chargeback",
            actor="system",
            now=now,
            customer_id=payout.customer_id,
            payout_id=payout.pk,
            cause=payout.cause,
            amount_minor=payout.amount_minor,
        )


# What follows once a payout is over -------------------------------------------------------------
ARRIVED = ("succeeded", "settled_by_chargeback")


def erase_account(payout: Payout, now: datetime) -> None:
    """Once an owner who left has the money, nobody needs to know their account any more."""
    if payout.stage in ARRIVED and payout.account_id and not payout.customer.is_open:
        forget_accounts([payout.account_id], now)


def forget_accounts(account_ids: Iterable[int | None], now: datetime) -> None:
    """Empty these bank accounts: they have had their use."""
    used = BankAccount.objects.filter(pk__in=[one for one in account_ids if one is not None])
    used.exclude(iban="").update(holder="", iban="", erased_at=now)


def end_late_money(payout: Payout) -> None:
    """Late money follows the payout that sends it on."""
    late = LateMoney.objects.filter(sending=payout).first()
    if late is None or payout.stage not in (*ARRIVED, *NOT_RESERVED):
        return
    late.stage = "sent" if payout.stage in ARRIVED else "waiting"
    late.save(update_fields=["stage"])
