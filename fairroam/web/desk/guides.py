"""What readers say of the guides: figures, and words that wait for a person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.conversations import operations, queries
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only
@require_safe
def guides(request: HttpRequest, staff: User) -> HttpResponse:
    """How many each guide helped, and the words to read."""
    waiting = page_of(queries.waiting_opinions(), request)
    context = {"figures": queries.guide_figures(), "waiting": waiting}
    return render(request, "desk/guides.html", context)


@staff_only
@require_POST
def moderate(request: HttpRequest, staff: User, opinion_id: int) -> HttpResponse:
    """Show the words to everybody, or drop them."""
    try:
        operations.moderate(
            opinion_id=opinion_id,
            is_shown=request.POST.get("answer") == "show",
            actor=f"staff:{staff.pk}",
            now=now(),
        )
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:guides")
