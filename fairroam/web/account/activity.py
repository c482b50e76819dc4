"""What is going on in an account, and what its owner does next; for the first page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from fairroam.apps.closures import queries as closures
from fairroam.apps.closures.queries import ClosureRow
from fairroam.apps.closures.queries.rows import closings
from fairroam.apps.esims.queries import numbers
from fairroam.apps.esims.queries.numbers import RENEWAL_NOTICE, KeepingPage
from fairroam.apps.metering.queries import AllowanceUse
from fairroam.apps.notices.queries import Newest
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.models import Order
from fairroam.apps.payments import queries as payments
from fairroam.apps.payments.queries import PayoutRow
from fairroam.apps.payments.queries.rows import unsettled_of
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.queries import bargains
from fairroam.apps.refunds.queries.bargains import OfferRow, open_offers
from fairroam.apps.refunds.queries.open_requests import (
    OpenRequest,
    live_requests,
    open_requests_of,
)
from fairroam.web.components.charts import percent_left
from fairroam.web.components.tags import gigabytes, in_words, money

if TYPE_CHECKING:
    from fairroam.web.account.overview import LineCard

# What most customers have nothing of at most times: read with `looked_through`.
RARE = (
    *(live_requests, unsettled_of, open_offers),
    *(closings, numbers.numbers_at_risk_of, orders.unpaid_of),
)
MOST = 10  # of each; the rest is in the history
LOW_PERCENT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing under way. flow, stage: its badge, if any; by: the day it is promised for."""

    at: datetime
    words: str
    url: str
    flow: str = ""
    stage: str = ""
    minor: int | None = None
    currency: str = ""
    by: date | None = None
    language: str = ""  # of words that we wrote to somebody, if not the page's


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to do next. until: when it is too late, if ever."""

    words: str
    url: str
    icon: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """Both lists, and how many offers and messages wait."""

    steps: list[Step]
    tasks: list[Task]
    offers: int
    unread: int
    refunds: dict[int, OpenRequest]  # by line


def gather(
    customer_id: int,
    cards: Sequence[LineCard],
    kept: Sequence[KeepingPage],
    newest: Sequence[Newest],
    at: datetime,
) -> Activity:
    """What is going on, newest first, and what to do next, most pressing first."""
    asked = open_requests_of(customer_id)
    paying = list(reversed(payments.on_their_way(customer_id)))[:MOST]
    offers = bargains.open_offers_of(customer_id)
    closure = closures.closure_of(customer_id)
    steps = [
        *(of_request(row) for row in asked),
        *(of_payout(row) for row in paying),
        *of_closure(closure),
        *(of_notice(notice) for notice in newest),
    ]
    tasks = [
        *to_answer(closure, asked),
        *(to_decide(*offer) for offer in offers[:MOST]),
        *(to_name_account(row) for row in paying if row.waits_for_account),
        *(to_use(line_id) for line_id, _stage in numbers.numbers_at_risk_of(customer_id)),
        *to_renew(kept, at),
        *of_lines(cards),
        *(to_pay(order) for order in orders.unpaid_of(customer_id)),
    ]
    steps.sort(key=lambda step: step.at, reverse=True)
    by_line = {row.order_line_id: row for row in asked}
    unread = newest[0].unread if newest else 0
    return Activity(steps, tasks, len(offers), unread, by_line)


def of_notice(notice: Newest) -> Step:
    return Step(
        at=notice.queued_at,
        words=notice.subject,
        url=reverse("account:message", args=[notice.id]),
        language=notice.language,
    )


def to_decide(offer: OfferRow, request: RefundRequest) -> Task:
    plan = in_words(request.order_line.plan_copy["names"])
    return Task(
        words=_("Answer our offer: %(plan)s") % {"plan": plan},
        url=reverse("account:offer", args=[offer.id]),
        icon="handshake",
        until=offer.expires_at,
    )


def to_name_account(row: PayoutRow) -> Task:
    amount = money(row.amount_minor, row.currency)
    return Task(
        words=_("Tell us where to send %(amount)s") % {"amount": amount},
        url=reverse("account:money", args=[row.id]),
        icon="circle-alert",
    )


def to_use(line_id: int) -> Task:
    return Task(
        words=_("Use your number, or it may be lost"),
        url=reverse("account:number", args=[line_id]),
        icon="phone",
    )


def to_renew(kept: Sequence[KeepingPage], at: datetime) -> Iterator[Task]:
    """Numbers whose paid time ends within the weeks in which we write of it, or has ended."""
    for page in kept:
        if page.stage != "kept" or page.paid_until is None or not page.renews:
            continue
        if page.paid_until - RENEWAL_NOTICE <= at:
            yield Task(
                words=_("Renew %(number)s") % {"number": page.number},
                url=reverse("account:number", args=[page.line_id]),
                icon="repeat",
                until=page.paid_until,
            )


def to_pay(order: Order) -> Task:
    return Task(
        words=_("Pay order %(number)s") % {"number": order.number},
        url=reverse("site:order", args=[order.number]),
        icon="credit-card",
    )


def of_request(row: OpenRequest) -> Step:
    return Step(
        at=row.declared_at,
        words=_("Money back: %(plan)s") % {"plan": in_words(row.names)},
        url=reverse("account:refund", args=[row.id]),
        flow="refund",
        stage=row.stage,
        minor=row.expected_minor or None,
        currency=row.currency,
    )


def of_payout(row: PayoutRow) -> Step:
    return Step(
        at=row.sent_at or row.planned_at,
        words=_("Money on its way to you"),
        url=reverse("account:money", args=[row.id]),
        flow="payout",
        stage=row.stage,
        minor=row.amount_minor,
        currency=row.currency,
        by=row.expected_by or row.pay_by,
    )


def of_closure(closure: ClosureRow | None) -> Iterator[Step]:
    if closure is not None:
        yield Step(
            at=closure.requested_at,
            words=_("Closing of your account"),
            url=reverse("account:leaving", args=[closures.seal_of(closure)]),
            flow="closure",
            stage=closure.stage,
            by=closure.due_at.date(),
        )


def to_answer(closure: ClosureRow | None, asked: Sequence[OpenRequest]) -> Iterator[Task]:
    """What we asked and wait for."""
    if closure is not None and closure.stage == "asked":
        yield Task(
            words=_("Answer our question about the closing of your account"),
            url=reverse("account:leaving", args=[closures.seal_of(closure)]),
            icon="message-circle",
            until=closure.review_by,
        )
    for row in asked:
        if row.stage == "waiting_for_customer":
            yield Task(
                words=_("Answer our question: %(plan)s") % {"plan": in_words(row.names)},
                url=reverse("account:refund", args=[row.id]),
                icon="message-circle",
            )


def of_lines(cards: Sequence[LineCard]) -> Iterator[Task]:
    """Codes that no phone has fetched yet, and data that runs low."""
    for card in cards:
        line_id = card.page.line.order_line_id
        if card.page.code is not None:
            yield Task(
                words=_("Install %(plan)s") % {"plan": card.name},
                url=reverse("account:line", args=[line_id]),
                icon="qr-code",
            )
        for meter in card.usage.allowances:
            if meter.kind == "data" and is_low(meter) and not card.page.line.is_off:
                left = gigabytes(meter.left)
                yield Task(
                    words=_("Top up %(plan)s: %(left)s left") % {"plan": card.name, "left": left},
                    url=reverse("account:top_up", args=[line_id]),
                    icon="plus",
                    until=card.usage.ends_at,
                )


def is_low(meter: AllowanceUse) -> bool:
    return bool(meter.granted) and percent_left(meter.used, meter.granted or 0) <= LOW_PERCENT
