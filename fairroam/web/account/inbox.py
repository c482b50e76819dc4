"""The inbox: every message of ours, as it was mailed, and what became of the mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.notices import operations, queries
from fairroam.clock import now
from fairroam.web.account.me import customers_only


@never_cache
@customers_only
@require_safe
def inbox(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Newest first, a page at a time; what is unread carries a mark and a word."""
    before = request.GET.get("before", "")
    only_unread = "unread" in request.GET
    rows = queries.inbox(
        customer.pk,
        only_unread=only_unread,
        before=int(before) if before.isdecimal() and len(before) < 18 else None,
    )
    context = {
        "notices": rows,
        "older": rows[-1].pk if len(rows) == queries.PAGE else None,
        "only_unread": only_unread,
        "unread": queries.unread_count(customer.pk),
        "zone": customer.zone,
    }
    return render(request, "account/inbox.html", context)


@never_cache
@customers_only
@require_safe
def message(request: HttpRequest, customer: Customer, notice_id: int) -> HttpResponse:
    """One message whole; opening it is reading it."""
    try:
        notice = queries.notice_of(notice_id, customer.pk)
    except NotAmongYours as refusal:
        return render(request, "account/hidden.html", status=refusal.status)
    operations.mark_read(notice_id=notice.pk, customer_id=customer.pk, now=now())
    return render(request, "account/message.html", {"notice": notice, "zone": customer.zone})
