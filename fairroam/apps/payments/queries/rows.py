"""Reads of payments and payouts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.payments.models import BankAccount, Dispute, Payment, Payout

ASKED_AT_ONCE = 100  # calls that one turn may make
LATE = "late:"  # how the causes of money that came for a closed account begin
SENT_BACK = "late-"  # how the causes of charges begin that went back as soon as they were paid
ROWS = Payout.objects.select_related("payment", "account")


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """One part of money on its way back, for a timeline."""

    id: int
    cause: str
    method: str
    currency: str
    amount_minor: int
    stage: str
    reason: str
    planned_at: datetime
    sent_at: datetime | None
    arrived_at: datetime | None
    is_by_hand: bool  # a transfer to an account that the customer names
    account_last4: str  # of its IBAN; "" while there is none
    expected_from: date | None
    expected_by: date | None
    pay_by: date | None

    @property
    def waits_for_account(self) -> bool:
        """Whether it goes on as soon as the customer names an account."""
        return self.stage in ("needs_account", "failed", "returned")


def payout_row(payout: Payout) -> PayoutRow:
    return PayoutRow(
        id=payout.pk,
        cause=payout.cause,
        method=payout.payment.method,
        currency=payout.currency,
        amount_minor=payout.amount_minor,
        stage=payout.stage,
        reason=payout.reason,
        planned_at=payout.planned_at,
        sent_at=payout.sent_at,
        arrived_at=payout.arrived_at,
        is_by_hand=payout.is_by_hand,
        account_last4=payout.account.last4 if payout.account else "",
        expected_from=payout.expected_from,
        expected_by=payout.expected_by,
        pay_by=payout.pay_by,
    )


def payouts_of(customer_id: int) -> list[PayoutRow]:
    """All money on its way to the customer, or arrived, newest first."""
    return [payout_row(row) for row in ROWS.all().filter(customer_id=customer_id).order_by("-id")]


def payout_of(payout_id: int, customer_id: int) -> PayoutRow:
    """The customer's own payout. Raises NotAmongYours."""
    found = ROWS.all().filter(pk=payout_id, customer_id=customer_id).first()
    if found is None:
        raise NotAmongYours(payout_id=payout_id)
    return payout_row(found)


def later_tries(cause: str, payout_id: int) -> list[int]:
    """The payouts that were planned for the same act after that one, oldest first."""
    act = cause.partition("/try-")[0]
    later = Payout.objects.filter(cause__startswith=f"{act}/try-", pk__gt=payout_id)
    return list(later.order_by("pk").values_list("pk", flat=True))


def failed_payouts(*, of: str = "") -> list[PayoutRow]:
    """Payouts that the provider refused and that were not sent again, oldest first.

    of: how their cause begins, such as "order-line:".
    """
    rows = ROWS.all().filter(stage__in=["failed", "returned"], late__isnull=True)
    # Late money has a list of its own.
    ours = rows.filter(cause__startswith=of).exclude(cause__startswith=LATE)
    return [payout_row(payout) for payout in ours.order_by("id")]


def has_account(customer_id: int) -> bool:
    """Whether the customer has named a bank account that we still know."""
    return BankAccount.objects.filter(customer_id=customer_id, erased_at=None).exists()


def to_hand_over(customer_id: int) -> QuerySet[Payout]:
    """What is owed to this customer and has not arrived: on its way, held, failed or come back."""
    theirs = Payout.objects.filter(customer_id=customer_id, handed_over_at__isnull=True)
    is_unsettled = Q(is_live=True) | Q(stage__in=("failed", "returned"), late__isnull=True)
    return theirs.filter(is_unsettled)


@Often
def unsettled_of(customer_id: int) -> QuerySet[Payout]:
    """The same, oldest first."""
    return ROWS.all().filter(pk__in=to_hand_over(customer_id).values("pk")).order_by("pk")


def on_their_way(customer_id: int) -> list[PayoutRow]:
    """The same for pages."""
    return [payout_row(payout) for payout in unsettled_of(customer_id)]


def sent_back_to(customer_id: int, *, until: datetime) -> dict[str, int]:
    """What they paid up to `until` for what was not to be had any more: minor units, by currency.

    All of it was owed to them at once.
    """
    back = Payout.objects.filter(
        customer_id=customer_id, cause__startswith=SENT_BACK, planned_at__lte=until
    )
    firsts = back.exclude(cause__contains="/try-").order_by("currency")
    sums = firsts.values_list("currency").annotate(minor=Sum("amount_minor"))
    return dict(sums)


def has_lost_dispute(customer_id: int) -> bool:
    """Whether a bank took money of this customer's back for good."""
    return Dispute.objects.filter(payment__customer_id=customer_id, stage="lost").exists()


def was_disputed(payment_id: int) -> bool:
    """Whether a bank disputes that payment, or has taken it back for good."""
    disputes = Dispute.objects.filter(payment_id=payment_id)
    return disputes.exclude(stage="won").exists()


def with_history(payment_ids: Collection[int]) -> list[tuple[Payment, int, bool]]:
    """Those payments; how many parts went back by each, and whether it `was_disputed`."""
    sent = Q(payouts__sent_at__isnull=False, payouts__is_by_hand=False)
    disputes = Dispute.objects.filter(payment=OuterRef("pk")).exclude(stage="won")
    found = Payment.objects.filter(pk__in=payment_ids).annotate(
        parts=Count("payouts", filter=sent), is_taken=Exists(disputes)
    )
    return [(payment, payment.parts, payment.is_taken) for payment in found.order_by("pk")]


def taken_back() -> QuerySet[Dispute, int]:
    """The ids of payments of which banks took more for good than has been counted as paid back."""
    lost = Dispute.objects.filter(stage="lost").values("payment")
    sums = lost.annotate(lost_minor=Sum("amount_minor"))
    uncounted = sums.filter(lost_minor__gt=F("payment__charged_back_minor"))
    return uncounted.values_list("payment_id", flat=True)


def open_disputes_of(customer_id: int) -> list[Dispute]:
    """What banks have taken of this customer's, and have not said whether they keep it."""
    theirs = Dispute.objects.filter(payment__customer_id=customer_id, ended_at__isnull=True)
    return list(theirs.order_by("pk"))


def payouts_to_ask_about(*, now: datetime) -> list[int]:
    """Payouts whose outcome is still open: a notice may have been lost. Longest unasked first."""
    open_stages = ["sent", "pending", "requires_action"]
    rows = Payout.objects.filter(stage__in=open_stages, ask_at__lte=now)
    return list(rows.order_by("ask_at").values_list("pk", flat=True)[:ASKED_AT_ONCE])


def payments_to_ask_about(*, now: datetime) -> list[int]:
    """Charges that customers may have paid without our hearing of it, longest unasked first."""
    rows = Payment.objects.filter(stage="started", ask_at__lte=now)
    return list(rows.order_by("ask_at").values_list("pk", flat=True)[:ASKED_AT_ONCE])


def newest_account_at(customer_id: int) -> datetime | None:
    """When the customer last named an account that money should go to."""
    named = BankAccount.objects.filter(
        customer_id=customer_id, given_by=f"customer:{customer_id}"
    ).order_by("-given_at")
    return named.values_list("given_at", flat=True).first()
