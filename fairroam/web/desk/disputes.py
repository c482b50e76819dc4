"""Disputes at customers' banks: answered at the provider's, noted here; losses taken to notice."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.payments import operations
from fairroam.apps.payments.models import Dispute
from fairroam.apps.payments.queries import desk
from fairroam.apps.wallet.models import Voucher
from fairroam.apps.wallet.operations.part_lost import give_back_rest, uphold_voucher
from fairroam.apps.wallet.queries.vouchers import paid_by, part_lost
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.desk.payouts import answered, unexplained
from fairroam.web.desk.staff import staff_only

PART_ACTS = {"uphold": uphold_voucher, "give_back": give_back_rest}


class NoteForm(forms.Form):
    """What was done, or what follows."""

    words = forms.CharField(max_length=1000, required=False)


class PartForm(forms.Form):
    """What becomes of a voucher of which a bank took a part, and why."""

    act = forms.ChoiceField(choices=[(name, name) for name in PART_ACTS])
    words = forms.CharField(max_length=1000)


@never_cache
@staff_only(role="senior")
@require_safe
def disputes(request: HttpRequest, staff: User) -> HttpResponse:
    """Every dispute; what waits for a person stands first."""
    page = page_of(desk.disputes(), request)
    vouchers = paid_by(dispute.payment_id for dispute in page)
    left = part_lost(vouchers.values())

    def row(dispute: Dispute) -> tuple[Dispute, Voucher | None, int | None]:
        voucher = vouchers.get(dispute.payment_id)
        return dispute, voucher, left.get(voucher.pk) if voucher else None

    return render(request, "desk/disputes.html", {"page": page.each(row)})


@staff_only(role="senior")
@require_POST
def note(request: HttpRequest, staff: User, dispute_id: int) -> HttpResponse:
    """We told the bank our side, or saw that a dispute was lost."""
    form = NoteForm(request.POST)
    is_seen = request.POST.get("act") == "seen"
    form.fields["words"].required = not is_seen
    if not form.is_valid():
        return unexplained(request, form, "desk:disputes")
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


@staff_only(role="senior")
@require_POST
def decide_voucher(request: HttpRequest, staff: User, voucher_id: int) -> HttpResponse:
    """A bank took a part of what paid a voucher: it counts all the same, or ends."""
    form = PartForm(request.POST)
    if not form.is_valid():
        return unexplained(request, form, "desk:disputes")
    act = PART_ACTS[form.cleaned_data["act"]]
    return answered(
        request,
        lambda: act(
            voucher_id=voucher_id,
            words=form.cleaned_data["words"],
            staff_user_id=staff.pk,
            now=now(),
        ),
        done=_("Concluded, with your reason."),
        then="desk:disputes",
    )
