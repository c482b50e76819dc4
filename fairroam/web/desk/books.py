"""The books at a glance: every kind of book, what contradicts them, and money that came back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.orders import operations as orders
from fairroam.apps.payments import queries as payments
from fairroam.apps.refunds import queries as refunds
from fairroam.clock import now
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk import words
from fairroam.web.desk.staff import staff_only

FAILED_MAX = 50  # shown at once, the oldest first


@never_cache
@staff_only
@require_safe
def books(request: HttpRequest, staff: User) -> HttpResponse:
    """The trial balance; each currency adds up to zero."""
    rows, member = ledger.trial_balance(), customers.staff_member(staff.pk)
    sums: dict[str, int] = {}
    for row in rows:
        sums[row.name.currency] = sums.get(row.name.currency, 0) + row.minor
    context = {
        "rows": [
            (
                words.book(row.name.kind),
                words.book_label(row.name.kind, row.name.label, request.LANGUAGE_CODE),
                row,
            )
            for row in rows
        ],
        "may_look_inside": member is not None and member.role == "operator",
        "may_see_money": member is not None and member.role != "agent",
        "sums": sums,
        # Refunds have a page of their own at the desk; these are of eSIMs that could not be made.
        "failed": [
            (row, words.WAYS.get(row.reason, row.reason))
            for row in payments.failed_payouts(of="order-line:")[:FAILED_MAX]
        ],
    }
    return render(request, "desk/books.html", context)


@never_cache
@staff_only(role="senior")
@require_POST
def check(request: HttpRequest, staff: User) -> HttpResponse:
    """Ask the rooms of money what contradicts the books: all is read, so only when asked."""
    faults = [fault for room in (ledger, payments, refunds) for fault in room.find_faults()]
    return render(request, "desk/books_checked.html", {"faults": faults})


@staff_only
@require_POST
def send_again(request: HttpRequest, staff: User, payout_id: int) -> HttpResponse:
    """Send money of an eSIM that could not be made once more."""
    try:
        orders.send_again(payout_id=payout_id, actor=f"staff:{staff.pk}", now=now())
        messages.success(request, _("It is being sent again."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:books")
