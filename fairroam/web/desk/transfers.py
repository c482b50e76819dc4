"""Credit between customers that a person looks at before it goes on."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.wallet import operations, queries
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk.staff import staff_only

DOUBTS = {
    "same_payment": gettext_lazy(
        "Its recipient already has credit of the same payment: it has come round."
    )
}
ACTS = {"release": operations.release_credit, "refuse": operations.refuse_credit}


@never_cache
@staff_only(role="agent")
@require_safe
def transfers(request: HttpRequest, staff: User) -> HttpResponse:
    """What waits, oldest first, and why."""
    waiting = page_of(queries.transfers_to_review(), request)
    rows = waiting.each(lambda sent: (sent, DOUBTS[sent.doubt]))
    return render(request, "desk/transfers.html", {"waiting": rows})


@staff_only(role="agent")
@require_POST
def settle(request: HttpRequest, staff: User, transfer_id: int) -> HttpResponse:
    """Let it go on, or give it back to its sender."""
    act = ACTS.get(request.POST.get("answer", ""))
    if act is None:
        return redirect("desk:transfers")
    try:
        act(transfer_id=transfer_id, staff_user_id=staff.pk, now=now())
        messages.success(request, _("Done."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:transfers")
