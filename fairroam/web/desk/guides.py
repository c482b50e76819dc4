"""The guides: which are shown, what readers say of them, and words that wait for a person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.conversations import operations, queries
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only
from fairroam.web.site.guides import SLUGS


@never_cache
@staff_only
@require_safe
def guides(request: HttpRequest, staff: User) -> HttpResponse:
    """Every guide, whether it is shown and how many it helped; the words to read."""
    said = {row.guide: row for row in queries.guide_figures()}
    hidden, member = queries.hidden_guides(), customers.staff_member(staff.pk)
    context = {
        "guides": [(slug, said.get(slug), slug in hidden) for slug in SLUGS],
        "waiting": page_of(queries.waiting_opinions(), request),
        "shown": queries.shown_opinions(),
        "may_hide": member is not None and member.role == "operator",
    }
    return render(request, "desk/guides.html", context)


@staff_only(role="operator")
@require_POST
def show(request: HttpRequest, staff: User, slug: str) -> HttpResponse:
    """Show a guide to everybody, or hide it until it is right again."""
    if slug not in SLUGS:
        raise NotAmongYours
    is_shown = request.POST.get("act") == "show"
    operations.show_guide(guide=slug, is_shown=is_shown, actor=f"staff:{staff.pk}", now=now())
    messages.success(request, _("Shown again.") if is_shown else _("Hidden from now on."))
    return redirect("desk:guides")


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
