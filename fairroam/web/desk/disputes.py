"""Disputes at customers' banks: answered at the provider's, noted here; losses taken to notice."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.payments import operations
from fairroam.apps.payments.queries import desk
from fairroam.apps.wallet.queries.vouchers import paid_by
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.desk.payouts import answered
from fairroam.web.desk.staff import staff_only


class NoteForm(forms.Form):
    """What was done, or what follows."""

    words = forms.CharField(max_length=1000, required=False)


@never_cache
@staff_only(role="senior")
@require_safe
def disputes(request: HttpRequest, staff: User) -> HttpResponse:
    """Every dispute; what waits for a person stands first."""
    page = page_of(desk.disputes(), request)
    vouchers = paid_by(dispute.payment_id for dispute in page)
    rows = page.each(lambda dispute: (dispute, vouchers.get(dispute.payment_id)))
    return render(request, "desk/disputes.html", {"page": rows})


@staff_only(role="senior")
@require_POST
def note(request: HttpRequest, staff: User, dispute_id: int) -> HttpResponse:
    """We told the bank our side, or saw that a dispute was lost."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        return redirect("desk:disputes")
    is_seen = request.POST.get("act") == "seen"
    act = operations.take_notice if is_seen else operations.record_answered
    return answered(
        request,
        lambda: act(
            dispute_id=dispute_id,
            words=form.cleaned_data["words"],
            staff_user_id=staff.pk,
            now=now(),
        ),
        done=_("Noted."),
        then="desk:disputes",
    )
