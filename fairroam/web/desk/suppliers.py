"""Suppliers of eSIMs: our credit there, what they owe us, what is lost, what is in trouble."""

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
from fairroam.apps.suppliers import operations, queries
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk import words
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only
@require_safe
def suppliers(request: HttpRequest, staff: User) -> HttpResponse:
    """Every supplier's side of the books."""
    member = customers.staff_member(staff.pk)
    context = {
        "balances": queries.balances(),
        "recoveries": queries.recoveries(),
        "claims": page_of(queries.open_claims(), request),
        "may_settle": member is not None and member.role != "agent",
        "troubles": page_of(queries.troubles(), request, name="troubles").each(
            lambda row: (row, why(row))
        ),
    }
    return render(request, "desk/suppliers.html", context)


def why(trouble: queries.TroubleRow) -> str:
    """Why an order has not come, and for one that nobody explains, what to do next."""
    if trouble.reason != "silent":
        return words.answer(trouble.reason)
    return _(
        "they do not say why. Ask them what became of it (their number: %(number)s). We go on"
        " asking, too. If the customer does not want to wait, open a case about this line: they get"
        " the money back, and what still comes goes back to the supplier or is our loss."
    ) % {"number": trouble.order_ref or _("none yet")}


@staff_only(role="senior")  # It moves the books, as a report of a provider does.
@require_POST
def settle(request: HttpRequest, staff: User, order_line_id: int) -> HttpResponse:
    """Say what the supplier answered to a claim, where it tells people only."""
    try:
        operations.settle_claim(
            order_line_id=order_line_id,
            is_credited=request.POST.get("answer") == "credited",
            actor=f"staff:{staff.pk}",
            now=now(),
        )
        messages.success(request, _("Noted in the books."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:suppliers")
