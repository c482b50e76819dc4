"""Free trials at the desk: who is on one, and which were declined."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.orders import queries as orders
from fairroam.web.components.paging import page_of
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only
@require_safe
def trials(request: HttpRequest, staff: User) -> HttpResponse:
    """All free trials, newest first."""
    return render(request, "desk/trials.html", {"trials": page_of(orders.trials(), request)})
