"""Mails that no mail server took or that came back: why, and sent again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.notices import operations, queries
from fairroam.clock import now
from fairroam.web.components.mails import about
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only
@require_safe
def undelivered(request: HttpRequest, staff: User) -> HttpResponse:
    """Newest first, a page at a time."""
    rows = page_of(queries.undelivered(), request)
    context = {"rows": rows.each(lambda notice: (notice, about(notice.kind)))}
    return render(request, "desk/notices.html", context)


@staff_only
@require_POST
def send_again(request: HttpRequest, staff: User, notice_id: int) -> HttpResponse:
    """To the address that its customer has today."""
    try:
        operations.send_again(notice_id=notice_id, actor=f"staff:{staff.pk}", now=now())
        messages.success(request, _("It is on its way again."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:undelivered")
