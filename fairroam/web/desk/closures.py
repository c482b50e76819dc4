"""Closings that a person looks at before they begin: why, until when, and what was said."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.closures import operations, queries
from fairroam.apps.closures.queries import ClosureRow
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.web.account.leave import STEPS
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.customers import about
from fairroam.web.desk.staff import staff_only
from fairroam.web.desk.words import (
    CLOSING_DOUBTS,
    CLOSING_HELD_BY,
    CLOSING_MONEY,
    event,
    people,
    waits_for,
)

ACTS = ("approve", "ask", "reject")


class ReviewForm(forms.Form):
    """Yes, a question or a no; the last two with words that the customer reads."""

    act = forms.ChoiceField(choices=[(act, act) for act in ACTS])
    words = forms.CharField(max_length=2000, required=False)


@never_cache
@staff_only
@require_safe
def closures(request: HttpRequest, staff: User) -> HttpResponse:
    """What waits for a person first, the nearest last day on top; below it what is under way."""
    at = now()
    context = {
        "reviews": page_of(queries.reviews(), request).each(
            lambda row: (row, [CLOSING_DOUBTS[code] for code in row.doubts], is_late(row, at))
        ),
        "running": page_of(queries.queue(at), request, name="running").each(
            lambda row: (row, [waits_for(step.waits_for) for step in row.steps if step.waits_for])
        ),
        "at": at,
    }
    return render(request, "desk/closures.html", context)


def is_late(row: ClosureRow, at: datetime) -> bool:
    """Whether a person should have looked by now."""
    return row.review_by is not None and row.review_by <= at


@never_cache
@staff_only
@require_safe
def closing(request: HttpRequest, staff: User, closure_id: int) -> HttpResponse:
    """One closing: why a person looks, what is at stake, how far it is, and the acts upon it."""
    row = queries.closure_at_desk(closure_id)
    history = list(queries.history_of(row.id, row.customer_id))
    names = people(who for _kind, who, _at in history)
    context = {
        "row": row,
        "doubts": [CLOSING_DOUBTS[code] for code in row.doubts],
        "held_by": [CLOSING_HELD_BY.get(code, code) for code in row.held_by],
        "is_late": row.review_by is not None and row.review_by <= now(),
        "may_review": row.stage in ("review", "asked"),
        "money": [
            (CLOSING_MONEY[item["code"]], item["facts"])
            for item in row.checklist
            if item["code"] in CLOSING_MONEY
        ],
        "steps": [(STEPS[step.name], waits_for(step.waits_for or ""), step) for step in row.steps],
        "history": [(event(kind), names[who], at) for kind, who, at in history],
        "about": about(row.customer_id, staff, closure_id=row.id),
    }
    return render(request, "desk/closing.html", context)


@staff_only
@require_POST
def review(request: HttpRequest, staff: User, closure_id: int) -> HttpResponse:
    """Approve, ask or reject one closing."""
    form = ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what shall happen."))
        return redirect("desk:closing", closure_id)
    try:
        operations.review_closure(
            closure_id=closure_id, staff_user_id=staff.pk, now=now(), **form.cleaned_data
        )
        messages.success(request, _("Done. The customer is told now."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
        return redirect("desk:closing", closure_id)
    return redirect("desk:closures")
