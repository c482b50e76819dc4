"""Money out, before it leaves: reserved, on which rail, and expected when."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from fairroam.apps.customers import queries as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.payments.models import LateMoney, Payment, Payout
from fairroam.apps.payments.queries.providers import CAPABILITIES
from fairroam.apps.payments.refusals import MoreThanWasPaid
from fairroam.rules import rails, stages


def way_back(payment: Payment, *, minor: int, now: datetime, parts: int | None = None) -> rails.Way:
    """The rail that `minor` of a captured payment can take back as of `now`.

    parts: how many were sent by it before, where that is known already.
    """
    assert payment.captured_at is not None
    if parts is None:
        parts = payment.payouts.filter(sent_at__isnull=False, is_by_hand=False).count()
    charge = rails.Charge(
        method=payment.method,
        currency=payment.currency,
        captured_at=payment.captured_at,
        parts=parts,
        is_whole=minor == payment.captured_minor,
    )
    known = CAPABILITIES.get(payment.provider)
    limits = rails.Limits()
    if known is not None:
        limits = rails.Limits(
            refund_days=known.refund_days_max,
            parts=known.refund_parts_max,
            is_partial_allowed=known.partial_refunds,
            currencies=known.currencies,
        )
    return rails.choose(charge, limits=limits, now=now)


@transaction.atomic
def plan_payout(
    *,
    payment_id: int,
    amount_minor: int,
    cause: str,
    hold: bool,
    now: datetime,
    pay_by: date | None = None,
    account_id: int | None = None,
    instead_of: Payout | None = None,
    owed_to: int | None = None,
    is_in_good_faith: bool = False,
) -> Payout:
    """Reserve money of a payment to send back, once per (cause, payment), and choose its rail.

    The reservation is made now, not when the provider answers, so that no second decision can
    promise the same money. Where the way it came is closed, the customer is asked for an account.
    account_id: send it there by hand. instead_of: a failed payout, whose place this one takes;
    what a chargeback paid of that one is paid of this one. owed_to: the customer whose money it
    is by now, where that is not who paid: it goes to an account of theirs, never to a card of
    somebody else. is_in_good_faith: no chargeback pays it. Raises MoreThanWasPaid.
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    known = Payout.objects.filter(cause=cause, payment=payment).first()
    if known is not None:
        assert known.amount_minor == amount_minor, f"{cause} asks for another amount"
        return known
    covered = instead_of.covered_minor if instead_of else 0
    left = (
        payment.captured_minor
        - payment.refunded_minor
        - payment.pending_minor
        - payment.charged_back_minor
    )
    if amount_minor - covered > left:
        raise MoreThanWasPaid(payment_id=payment_id, left=left, asked=amount_minor)
    Payment.objects.filter(pk=payment.pk).update(
        pending_minor=F("pending_minor") + amount_minor - covered
    )
    way = way_back(payment, minor=amount_minor, now=now)
    owner = customers.customer(
        owed_to or (instead_of.customer_id if instead_of else payment.customer_id)
    )
    is_passed_on = owner.pk != payment.customer_id
    is_by_hand = account_id is not None or is_passed_on or not way.is_original
    payout = Payout(
        payment=payment,
        customer_id=owner.pk,
        # Money that came too late for an account goes out under a closed one.
        is_live=True if owner.is_open else None,
        cause=cause,
        currency=payment.currency,
        amount_minor=amount_minor,
        covered_minor=covered,
        rail=rails.transfer(on=now.date()).name if is_by_hand else way.rail.name,
        is_by_hand=is_by_hand,
        rerouted_why="chosen" if account_id else "passed_on" if is_passed_on else way.why,
        is_in_good_faith=instead_of.is_in_good_faith if instead_of else is_in_good_faith,
        account_id=account_id,
        handed_over_at=instead_of.handed_over_at if instead_of else None,
        pay_by=pay_by or (instead_of.pay_by if instead_of else None),
        planned_at=now,
    )
    # A dispute may have been opened since they looked.
    payout.stage = "held" if hold or payment.is_disputed else first_stage(payout)
    set_out(payout, now)
    return payout


def first_stage(payout: Payout) -> str:
    """Where a payout starts that nothing holds."""
    if not payout.is_by_hand:
        return "planned"
    return "manual_payout" if payout.account_id else "needs_account"


def set_out(payout: Payout, now: datetime) -> None:
    """Freeze when it is expected, save it, and tell: from here on it moves by itself."""
    if payout.stage in ("planned", "manual_payout"):
        owner = payout.customer
        payout.expected_from, payout.expected_by = rails.expected(
            rails.rail_version(payout.rail),
            sent_at=now,
            zone=owner.zone,
            residence=owner.residence,
        )
    payout.save()
    if payout.stage != "held":
        tell(payout, f"payout.{payout.stage}", now)


def release(payout: Payout, now: datetime) -> None:
    """Let a held payout go on, by the way that is chosen for it."""
    moves = {"planned": "release", "needs_account": "ask_account", "manual_payout": "hand_over"}
    move = moves[first_stage(payout)]
    payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, move)
    set_out(payout, now)


@transaction.atomic
def send_again(*, payout_id: int, now: datetime, account_id: int | None = None) -> Payout:
    """Plan what failed or came back once more: the same way, or to an account by hand.

    The new payout takes the old one's place. The caller holds the locks that come before a
    payment's. Raises MoveNotAllowed when it has neither failed nor come back, or is late money.
    """
    found = Payout.objects.only("payment_id").get(pk=payout_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=found.payment_id)
    failed = Payout.objects.select_for_update(no_key=True).get(pk=payout_id)
    is_late = LateMoney.objects.filter(returned=failed).exists()
    if (failed.stage, "reroute") not in stages.PAYOUT or is_late:
        raise MoveNotAllowed(payout_id=payout_id, stage=failed.stage)
    failed.stage = stages.next_stage(stages.PAYOUT, failed.stage, "reroute")
    failed.save(update_fields=["stage"])
    act, _, number = failed.cause.rpartition("/try-")
    if not number.isdecimal():  # The first try of an act, or of the rest of a later one.
        act, number = failed.cause, "1"
    return plan_payout(
        payment_id=payment.pk,
        amount_minor=failed.amount_minor,
        cause=f"{act}/try-{int(number) + 1}",
        hold=False,
        now=now,
        account_id=account_id,
        instead_of=failed,
    )


def tell(payout: Payout, kind: str, now: datetime, *, actor: str = "system") -> None:
    """Record what happened to a payout."""
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=payout.customer_id,
        payout_id=payout.pk,
        cause=payout.cause,
        amount_minor=payout.amount_minor,
    )
