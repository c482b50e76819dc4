"""The books at a glance: every kind of book, and what contradicts them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.ledger import queries as ledger
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only
@require_safe
def books(request: HttpRequest, staff: User) -> HttpResponse:
    """The trial balance; each currency adds up to zero."""
    context = {"rows": ledger.trial_balance(), "faults": list(ledger.find_faults())}
    return render(request, "desk/books.html", context)
