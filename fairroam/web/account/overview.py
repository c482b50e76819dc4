"""The first page of the account: each line, what is going on, what needs doing next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import LinePage
from fairroam.apps.ledger import queries as books
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.queries import Usage
from fairroam.apps.notices import queries as notices
from fairroam.apps.refunds import queries as refunds
from fairroam.apps.refunds.queries import Quote, RefundRow, bargains
from fairroam.clock import now
from fairroam.web.account.me import customers_only


@dataclass(frozen=True, slots=True)
class LineCard:
    """One line with its meters."""

    page: LinePage
    usage: Usage


@dataclass(frozen=True, slots=True)
class Running:
    """A line that still runs, and the way to money back: the open request, or today's quote."""

    card: LineCard
    open_refund: RefundRow | None
    quote: Quote | None


def card(order_line_id: int, customer_id: int) -> LineCard:
    """The line with its meters, for its owner."""
    return LineCard(esims.line_page(order_line_id, customer_id), metering.usage_of(order_line_id))


def running(card: LineCard, asked: dict[int, RefundRow], at: datetime) -> Running:
    """The card with what would come back at that moment."""
    line_id = card.page.line.order_line_id
    if line_id in asked:
        return Running(card, asked[line_id], None)
    return Running(card, None, refunds.quote(line_id, now=at))


@never_cache
@customers_only
@require_safe
def overview(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Lines first, then money on its way, then what was said and bought."""
    cards = [card(row.order_line_id, customer.pk) for row in esims.lines_of(customer.pk)]
    requests = refunds.refunds_of(customer.pk)
    asked = {each.order_line_id: each for each in requests if each.is_open}
    context = {
        "customer": customer,
        "running": [running(each, asked, now()) for each in cards if not each.page.line.is_off],
        "ended": [each for each in cards if each.page.line.is_off],
        "refunds": requests,
        "credit": [
            row
            for row in books.balances_of(customer.pk)
            if row.minor and row.name.kind in ("paid_credit", "promo_credit")
        ],
        "notices": notices.notices_of(customer.pk, most=3),
        "unread": notices.unread_count(customer.pk),
        "offers": len(bargains.open_offers_of(customer.pk)),
    }
    return render(request, "account/overview.html", context)
