"""One customer at the desk: every order, case, balance and paper, each with its way there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.closures import queries as closures
from fairroam.apps.conversations import queries as conversations
from fairroam.apps.customers import queries
from fairroam.apps.customers.models import Customer, User
from fairroam.apps.esims.queries import desk as lines
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.papers import queries as papers
from fairroam.apps.refunds.queries import desk as refunds
from fairroam.apps.wallet import queries as wallet
from fairroam.clock import now
from fairroam.web.desk.staff import staff_only

PAPERS_SHOWN = 20  # the newest


@never_cache
@staff_only
@require_safe
def customer(request: HttpRequest, staff: User, customer_id: int) -> HttpResponse:
    """Who it is by number only, and all that is going on or was."""
    try:
        found = queries.customer(customer_id)
    except Customer.DoesNotExist:
        raise NotAmongYours from None
    context = {
        "customer": found,
        "lines": lines.find_lines(found.number),
        "papers": papers.papers_of(found.pk)[:PAPERS_SHOWN],
        "purses": [purse for purse in wallet.purses(found.pk, now()) if purse.total],
        "about": about(found.pk, staff),
    }
    return render(request, "desk/customer.html", context)


def about(
    customer_id: int, staff: User, *, refund_id: int = 0, thread_id: int = 0, closure_id: int = 0
) -> dict[str, Any]:
    """The customer's cases beside the one that is open: what a colleague keeps shut stays shut."""
    closing = closures.closure_of(customer_id)
    asked = refunds.requests_of(customer_id, staff_user_id=staff.pk)
    wrote = conversations.threads_about(staff_user_id=staff.pk, customer_id=customer_id)
    return {
        "customer_id": customer_id,
        "refunds": [one for one in asked if one.id != refund_id],
        "threads": [one for one in wrote if one.id != thread_id],
        "closing": closing if closing and closing.id != closure_id else None,
    }
