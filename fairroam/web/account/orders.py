"""Everything that was bought."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.papers import queries as papers
from fairroam.web.account.me import customers_only
from fairroam.web.components.paging import page_of

PAPERS_SHOWN = 20  # all of them have a page of their own


@never_cache
@customers_only
@require_safe
def orders(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Orders, each line by the customer's own name for it, and the newest papers."""
    names = {row.order_line_id: row.name for row in esims.lines_of(customer.pk)}
    found = page_of(order_rows.orders_of(customer.pk), request)
    context = {
        "orders": found.each(
            lambda order: (order, [(line, names.get(line.id, "")) for line in order.lines])
        ),
        "papers": papers.papers_of(customer.pk)[:PAPERS_SHOWN],
        "customer": customer,
    }
    return render(request, "account/orders.html", context)
