"""The second step of asking for money back: the guarded amount, and the button that takes it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.models.quotes import INSTEAD_OF_MONEY
from fairroam.apps.refunds.queries import QuoteRow
from fairroam.apps.refunds.refusals import AlreadyAsked, QuoteChanged, QuoteExpired
from fairroam.clock import now
from fairroam.web.account.changes import in_words
from fairroam.web.account.me import customers_only
from fairroam.web.account.refund_form import DESTINATIONS, WISHES
from fairroam.web.components.refused import render_refused

TEMPLATE = "account/quote.html"


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def quote(request: HttpRequest, customer: Customer, key: UUID) -> HttpResponse:
    """The amount and until when it is guarded; the button asks for exactly that."""
    if request.method == "POST":
        return confirm(request, customer, key)
    row = queries.quote_row(key, customer.pk)
    if row.refund_id is not None:
        return redirect("account:refund", row.refund_id)
    return render(request, TEMPLATE, page(row, request.LANGUAGE_CODE))


def confirm(request: HttpRequest, customer: Customer, key: UUID) -> HttpResponse:
    """Ask for exactly what was quoted. Raises NotAmongYours."""
    try:
        refund = operations.confirm_quote(
            quote_key=key, customer_id=customer.pk, actor=f"customer:{customer.pk}", now=now()
        )
    except NotAmongYours:
        raise
    except (QuoteChanged, QuoteExpired) as refusal:
        return render_changed(request, customer, key, refusal)
    except Refusal as refusal:
        context = page(queries.quote_row(key, customer.pk), request.LANGUAGE_CODE)
        if isinstance(refusal, AlreadyAsked):
            context["open_refund"] = refusal.facts["refund_id"]
        return render_refused(request, TEMPLATE, None, refusal, **context)
    return redirect("account:refund", refund.pk)


def render_changed(
    request: HttpRequest, customer: Customer, key: UUID, refusal: Refusal
) -> HttpResponse:
    """What changed since the quote, in words, and a new quote with the same choices beside it."""
    old = queries.quote_row(key, customer.pk)
    made = queries.own_quote(old.key, customer.pk)
    changes = queries.changes_since(made)
    again = operations.quote_again(quote_key=old.key, customer_id=customer.pk, now=now())
    row = queries.quote_row(again.key, customer.pk)
    context = page(row, request.LANGUAGE_CODE)
    context |= {
        "old": old,
        "changes": [in_words(change, old.zone, request.LANGUAGE_CODE) for change in changes],
    }
    return render_refused(request, TEMPLATE, None, refusal, **context)


def page(row: QuoteRow, language: str) -> dict[str, Any]:
    return {
        "quote": row,
        "lines": row.lines(language),
        "files": queries.files_of_line(row.order_line_id),
        "wish": dict(WISHES)[row.wish] if row.wish else "",
        "destination": DESTINATIONS[row.destination],
        "is_for_a_person": not row.due_minor or row.wish in INSTEAD_OF_MONEY,
        "is_pack": row.is_top_up,
        "must_end_at_carrier": esims.facts_of(row.order_line_id).downloaded_at is None,
    }
