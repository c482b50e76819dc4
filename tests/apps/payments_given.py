"""Reports and notices of a payment provider, and what our books say to them."""

from __future__ import annotations

from datetime import UTC, datetime

from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders import operations as orders
from fairroam.apps.payments.models import Payment, Payout
from fairroam.gateways.payments import DailyReport, EventKind, ProviderEvent, ReportKind, ReportLine
from fairroam.rules.money import Money
from tests.apps.lines_given import LATER
from tests.given import NOON

PRICE = 1900


def tells(
    payment: Payment, kind: EventKind, minor: int = PRICE, *, now: datetime = LATER, **words: object
) -> str:
    """The provider tells something of a payment; what became of that."""
    ref = words.get("dispute_ref", words.get("payout_ref", ""))
    told = ProviderEvent(
        event_id=f"{kind}:{payment.pk}:{ref}",
        kind=kind,
        occurred_at=NOON,
        payment_ref=payment.provider_ref or "",
        amount=Money(minor, payment.currency),
        **words,
    )
    return orders.hear_provider(provider="sandbox", told=told, now=now)


def house(kind: str, label: str = "") -> int:
    """What a house book in EUR holds."""
    return books.balance(BookName(kind, "EUR", label=label))


def line(kind: ReportKind, ref: str, minor: int = PRICE, **words: str) -> ReportLine:
    return ReportLine(kind=kind, ref=ref, amount=Money(minor, "EUR"), **words)


def report(*lines: ReportLine, at: datetime = NOON) -> DailyReport:
    """The provider's report of the day of `at`."""
    return DailyReport(at.astimezone(UTC).date(), lines)


def captured(payment: Payment) -> ReportLine:
    return line(ReportKind.CAPTURE, payment.provider_ref or "")


def arrived(payout: Payout) -> ReportLine:
    return line(ReportKind.REFUND, payout.provider_ref, payout.amount_minor)
