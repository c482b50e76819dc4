"""Disputes: a customer's bank takes money back; what is owed through that payment waits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.models import Dispute, Payment, Payout
from fairroam.apps.payments.operations.covering import cover_by_chargebacks
from fairroam.apps.payments.operations.handing_over import keep_for_a_person
from fairroam.apps.payments.operations.planning import first_stage, release
from fairroam.apps.payments.queries.reports import changes_of
from fairroam.apps.payments.queries.rows import was_disputed
from fairroam.apps.payments.refusals import DisputeAmountDiffers
from fairroam.rules import stages
from fairroam.rules.money import Money

ENDS = {"won": "win", "lost": "lose"}  # what the provider calls the end -> our move
HOLDABLE = ("planned", "needs_account", "manual_payout")
WEIGHED = ("open", "represented")


@transaction.atomic
def hear_dispute(
    *,
    payment_id: int,
    dispute_ref: str,
    amount: Money,
    outcome: str,
    fee_minor: int = 0,
    told_at: datetime | None = None,
    now: datetime,
) -> Dispute:
    """What a provider tells of a dispute, opened or ended, in any order; an end stays.

    outcome: "" while it is open, then won or lost (by us). The bank has the money from the
    beginning. Won: it comes back, and payouts go on. Lost: it pays what we owe through that
    payment; the rest, and the fee, are a loss that a person is shown. told_at: when the provider
    said so; None: now. Of two amounts the later counts, and the difference is booked; with the
    end of a dispute it is what was won or lost of it. Raises DisputeAmountDiffers for an amount
    that is told once it is over, or that no dispute can be about.
    """
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    dispute, is_new = Dispute.objects.get_or_create(
        provider=payment.provider,
        provider_ref=dispute_ref,
        defaults={
            "payment": payment,
            "currency": amount.currency,
            "amount_minor": amount.minor,
            "heard_at": now,
            "amount_told_at": told_at or now,
        },
    )
    if is_new:
        book_taken(dispute, now)
        tell(dispute, "dispute.opened", now)
    else:
        hear_amount(dispute, amount, bool(outcome), told_at or now, now)
    if (dispute.stage, ENDS.get(outcome, "")) in stages.DISPUTE:
        end(dispute, ENDS[outcome], fee_minor, now)
    weigh(payment, now)
    return dispute


@transaction.atomic
def lock_undisputed(payment_ids: Collection[int]) -> set[int]:
    """Lock these payments; which of them no bank disputes or has taken back for good.

    What is heard of a dispute then waits for the end of the transaction.
    """
    named = Payment.objects.filter(pk__in=payment_ids).order_by("pk")
    locked = list(named.select_for_update(no_key=True))
    return {payment.pk for payment in locked if not was_disputed(payment.pk)}


def taken_key(dispute: Dispute) -> str:
    return f"dispute:{dispute.provider}:{dispute.provider_ref}"


def book_taken(dispute: Dispute, now: datetime) -> None:
    """The bank has it; whether we get it back is open."""
    disputed = BookName("disputed", dispute.currency, label=dispute.provider)
    clearing = BookName("clearing", dispute.currency, label=dispute.provider)
    ledger.post([Entry(taken_key(dispute), dispute.amount_minor, disputed, clearing)], now=now)


def hear_amount(
    dispute: Dispute, amount: Money, is_end: bool, told_at: datetime, now: datetime
) -> None:
    """The bank took more, or gave some back, while it looks at it: book the difference.

    What was said before the amount that we know is old news. Raises DisputeAmountDiffers.
    """
    known = dispute.amount_told_at or dispute.heard_at
    if told_at < known or (told_at == known and not is_end):
        return
    before = Money(dispute.amount_minor, dispute.currency)
    if amount == before and told_at == known:
        return
    if amount != before:
        if dispute.ended_at or amount.currency != before.currency or amount.minor < 1:
            raise DisputeAmountDiffers(dispute_id=dispute.pk, told=amount.minor)
        book_change(dispute, amount.minor - before.minor, now)
        dispute.amount_minor = amount.minor
    dispute.amount_told_at = told_at
    dispute.save(update_fields=["amount_minor", "amount_told_at"])
    if amount != before:
        tell(dispute, "dispute.amount_changed", now)


def book_change(dispute: Dispute, minor: int, now: datetime) -> None:
    """`minor` more is with the bank; below 0: so much less."""
    disputed = BookName("disputed", dispute.currency, label=dispute.provider)
    clearing = BookName("clearing", dispute.currency, label=dispute.provider)
    source, target = (disputed, clearing) if minor > 0 else (clearing, disputed)
    key = f"{taken_key(dispute)}/amount:{changes_of(taken_key(dispute)) + 1}"
    ledger.post([Entry(key, abs(minor), source, target)], now=now)


def end(dispute: Dispute, move: str, fee_minor: int, now: datetime) -> None:
    dispute.stage = stages.next_stage(stages.DISPUTE, dispute.stage, move)
    dispute.ended_at = now
    disputed = BookName("disputed", dispute.currency, label=dispute.provider)
    clearing = BookName("clearing", dispute.currency, label=dispute.provider)
    if dispute.stage == "won" and not changes_of(taken_key(dispute)):
        ledger.reverse(taken_key(dispute), now=now)
    elif dispute.stage == "won":
        back = Entry(f"{taken_key(dispute)}/back", dispute.amount_minor, clearing, disputed)
        ledger.post([back], now=now)
    else:
        dispute.fee_minor = fee_minor
        loss = BookName("loss", dispute.currency)
        lost = Entry(f"{taken_key(dispute)}/lost", dispute.amount_minor, loss, disputed)
        fee = Entry(f"{taken_key(dispute)}/fee", fee_minor, loss, clearing)
        ledger.post([lost, fee], now=now)
    dispute.save()
    tell(dispute, f"dispute.{dispute.stage}", now)


def weigh(payment: Payment, now: datetime) -> None:
    """Hold, release or settle what is owed through a payment, as its disputes stand now."""
    is_disputed = payment.disputes.filter(stage__in=WEIGHED).exists()
    Payment.objects.filter(pk=payment.pk).update(is_disputed=is_disputed)
    cover_by_chargebacks(payment.pk, now=now)
    if is_disputed:
        Payout.objects.filter(payment=payment, stage__in=HOLDABLE).update(stage="held")
        return
    held = Payout.objects.select_for_update(no_key=True).filter(payment=payment, stage="held")
    for payout in held.order_by("pk"):
        if payout.handed_over_at is not None and first_stage(payout) == "needs_account":
            keep_for_a_person(payout, now)
        else:
            release(payout, now)


def tell(dispute: Dispute, kind: str, now: datetime, *, actor: str = "system") -> None:
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=dispute.payment.customer_id,
        dispute_id=dispute.pk,
        payment_id=dispute.payment_id,
        amount_minor=dispute.amount_minor,
    )


@transaction.atomic
def record_answered(*, dispute_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """A person told the bank our side, at the provider's. Raises NotAmongYours, MoveNotAllowed."""
    dispute = lock_dispute(dispute_id)
    if (dispute.stage, "represent") not in stages.DISPUTE:
        raise MoveNotAllowed(dispute_id=dispute_id, stage=dispute.stage)
    dispute.stage = stages.next_stage(stages.DISPUTE, dispute.stage, "represent")
    dispute.words = words
    dispute.save(update_fields=["stage", "words"])
    tell(dispute, "dispute.answered", now, actor=f"staff:{staff_user_id}")


@transaction.atomic
def take_notice(*, dispute_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """A person has seen a loss and what follows. Raises NotAmongYours, MoveNotAllowed."""
    dispute = lock_dispute(dispute_id)
    if dispute.stage != "lost" or dispute.seen_at is not None:
        raise MoveNotAllowed(dispute_id=dispute_id, stage=dispute.stage)
    dispute.seen_by, dispute.seen_at = f"staff:{staff_user_id}", now
    dispute.words = words or dispute.words
    dispute.save(update_fields=["seen_by", "seen_at", "words"])
    tell(dispute, "dispute.seen", now, actor=dispute.seen_by)


@transaction.atomic
def record_file_given(*, dispute_id: int, staff_user_id: int, now: datetime) -> None:
    """Note who was given the file of a dispute: it holds what a customer used and wrote."""
    dispute = Dispute.objects.select_related("payment").get(pk=dispute_id)
    tell(dispute, "dispute.file_given", now, actor=f"staff:{staff_user_id}")


def lock_dispute(dispute_id: int) -> Dispute:
    """Lock its payment, then read it. Raises NotAmongYours."""
    found = Dispute.objects.filter(pk=dispute_id).values_list("payment_id", flat=True).first()
    if found is None:
        raise NotAmongYours(dispute_id=dispute_id)
    Payment.objects.select_for_update(no_key=True).get(pk=found)
    return Dispute.objects.select_related("payment").get(pk=dispute_id)
