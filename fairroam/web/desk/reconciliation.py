"""Our clearing books against the providers' reports; notices and money that fit nowhere yet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.closures import operations as closing
from fairroam.apps.closures import queries as closures
from fairroam.apps.closures.queries import waivers
from fairroam.apps.customers.models import User
from fairroam.apps.orders.operations.arriving import Sender, settle_arrival
from fairroam.apps.payments import operations
from fairroam.apps.payments.queries import arrivals, desk, doubts, reports
from fairroam.apps.payments.queries.providers import asked_providers
from fairroam.apps.payments.refusals import AmountMissing, HolderMissing
from fairroam.apps.refunds.operations.answering import settle_payout_in_doubt
from fairroam.apps.refunds.operations.outside import book_outside_refund
from fairroam.clock import now
from fairroam.web.components.amounts import as_typed, minor_of
from fairroam.web.components.paging import page_of
from fairroam.web.desk.payouts import answered, unexplained
from fairroam.web.desk.staff import staff_only
from fairroam.web.desk.words import quarantined

DAYS = 31


class ConcludeForm(forms.Form):
    """How a person ends what does not fit, and why."""

    act = forms.ChoiceField(
        choices=[
            (name, name)
            for name in ("assign", "book", "dismiss", "mistake", "take", "send_back", "paid")
        ]
    )
    payout_id = forms.IntegerField(
        label=gettext_lazy("Payout"), min_value=1, max_value=2**63 - 1, required=False
    )
    paid = forms.DecimalField(
        label=gettext_lazy("Amount"), min_value=0, max_digits=12, decimal_places=3, required=False
    )
    # Whom a transfer came from.
    holder = forms.CharField(
        label=gettext_lazy("Name of the account's holder"), max_length=70, required=False
    )
    iban = forms.CharField(label=gettext_lazy("IBAN"), max_length=42, required=False)
    words = forms.CharField(max_length=1000)

    def paid_minor(self, currency: str) -> int:
        """What a provider really paid, in minor units. Raises AmountMissing: nothing is no 0."""
        paid = self.cleaned_data["paid"]
        minor = minor_of(paid, currency)
        if paid is None or paid != Decimal(as_typed(minor, currency)):
            raise AmountMissing
        return minor

    @property
    def sender(self) -> Sender | None:
        """The account a transfer goes back to. Raises HolderMissing."""
        holder, iban = self.cleaned_data["holder"], self.cleaned_data["iban"]
        if not holder and not iban:
            return None
        if not holder:
            raise HolderMissing
        return Sender(holder, iban)


class LateForm(forms.Form):
    """Where late money goes, or until when it is kept, and why."""

    act = forms.ChoiceField(choices=[("send", "send"), ("keep", "keep")])
    holder = forms.CharField(
        label=gettext_lazy("Name of the account's holder"), max_length=70, required=False
    )
    iban = forms.CharField(label=gettext_lazy("IBAN"), max_length=42, required=False)
    until = forms.DateField(label=gettext_lazy("Keep until"), required=False)
    words = forms.CharField(max_length=1000, required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("act") == "keep" and not said.get("words"):
            self.add_error("words", forms.Field.default_error_messages["required"])
        return said


class WaiverEndForm(forms.Form):
    """What becomes of waived money that nobody claimed in time, and why."""

    act = forms.ChoiceField(choices=[("prolong", "prolong"), ("lapse", "lapse")])
    until = forms.DateField(label=gettext_lazy("Keep until"), required=False)
    words = forms.CharField(max_length=1000)


@never_cache
@staff_only(role="senior")
@require_safe
def reconciliation(request: HttpRequest, staff: User) -> HttpResponse:
    """Each day and currency of the last month; below it whatever waits for a person."""
    today = now().astimezone(UTC).date()
    first = today - timedelta(days=DAYS)
    late = page_of(desk.late_money(), request, name="late")
    contacts = closures.sealed_contacts(row.pk for row in late)
    events = page_of(desk.quarantined(), request)
    meant, doubted = arrivals.meant_by(events), doubts.payouts_in_doubt(events)
    context = {
        "providers": [
            (provider, reports.days_of(provider, first=first, last=today))
            for provider in asked_providers()
        ],
        "differences": page_of(reports.open_differences(), request, name="differences"),
        "events": events.each(
            lambda row: (row, quarantined(row.reason), meant.get(row.pk), doubted.get(row.pk))
        ),
        "late": late.each(lambda row: (row, contacts.get(row.pk))),
        "keep_until": date(today.year + 3, 12, 31),
        "waivers": page_of(waivers.overdue(now()), request, name="waivers"),
    }
    return render(request, "desk/reconciliation.html", context)


@staff_only(role="senior")
@require_POST
def look_again(request: HttpRequest, staff: User) -> HttpResponse:
    """Compare what differs with the books of now."""
    for provider in asked_providers():
        operations.look_again(provider=provider, now=now())
    return redirect("desk:reconciliation")


def concluded(
    request: HttpRequest, acts: dict[str, Callable[[ConcludeForm], object]]
) -> HttpResponse:
    """Do the one act that the form names; a reason is always needed."""
    form = ConcludeForm(request.POST)
    if not form.is_valid() or form.cleaned_data["act"] not in acts:
        return unexplained(request, form, "desk:reconciliation")
    return answered(
        request,
        lambda: acts[form.cleaned_data["act"]](form),
        done=_("Concluded, with your reason."),
        then="desk:reconciliation",
    )


@staff_only(role="senior")
@require_POST
def conclude_event(request: HttpRequest, staff: User, event_id: int) -> HttpResponse:
    """A notice in quarantine: a payout of ours, a refund made past us, a transfer, or nothing."""

    def settle(form: ConcludeForm) -> None:
        settle_arrival(
            event_id=event_id,
            is_taken=form.cleaned_data["act"] == "take",
            sender=form.sender,
            words=form.cleaned_data["words"],
            staff_user_id=staff.pk,
            now=now(),
        )

    def settle_paid(form: ConcludeForm) -> None:
        payout = doubts.payout_in_doubt(event_id)
        settle_payout_in_doubt(
            event_id=event_id,
            paid_minor=form.paid_minor(payout.currency if payout else "EUR"),
            words=form.cleaned_data["words"],
            staff_user_id=staff.pk,
            now=now(),
        )

    return concluded(
        request,
        {
            "paid": settle_paid,
            "take": settle,
            "send_back": settle,
            "assign": lambda form: operations.assign_event(
                payout_id=form.cleaned_data["payout_id"] or 0,
                event_id=event_id,
                words=form.cleaned_data["words"],
                staff_user_id=staff.pk,
                now=now(),
            ),
            "book": lambda form: book_outside_refund(
                event_id=event_id,
                words=form.cleaned_data["words"],
                staff_user_id=staff.pk,
                now=now(),
            ),
            "dismiss": lambda form: operations.dismiss_event(
                event_id=event_id,
                words=form.cleaned_data["words"],
                staff_user_id=staff.pk,
                now=now(),
            ),
        },
    )


@staff_only(role="senior")
@require_POST
def settle_difference(request: HttpRequest, staff: User, difference_id: int) -> HttpResponse:
    """A difference: the report's mistake, or real money that is nobody's yet."""

    def settle(form: ConcludeForm) -> None:
        operations.settle_difference(
            difference_id=difference_id,
            is_booked=form.cleaned_data["act"] == "book",
            words=form.cleaned_data["words"],
            staff_user_id=staff.pk,
            now=now(),
        )

    return concluded(request, {"mistake": settle, "book": settle})


@staff_only(role="senior")
@require_POST
def settle_late(request: HttpRequest, staff: User, late_id: int) -> HttpResponse:
    """Late money: sent to an account that its owner named, or kept with the reason."""
    form = LateForm(request.POST)
    if not form.is_valid():
        return unexplained(request, form, "desk:reconciliation")
    said = form.cleaned_data

    def act() -> None:
        if said["act"] == "send":
            operations.send_late_money(
                late_id=late_id,
                holder=said["holder"],
                iban=said["iban"],
                staff_user_id=staff.pk,
                now=now(),
            )
            return
        operations.keep_late_money(
            late_id=late_id,
            until=said["until"] or date(now().year + 3, 12, 31),
            words=said["words"],
            staff_user_id=staff.pk,
            now=now(),
        )

    return answered(request, act, done=_("Noted."), then="desk:reconciliation")


@staff_only(role="senior")
@require_POST
def settle_waiver(request: HttpRequest, staff: User, waiver_id: int) -> HttpResponse:
    """Waived money that nobody claimed in time: prolonged, or let lapse, with the reason."""
    form = WaiverEndForm(request.POST)
    if not form.is_valid():
        return unexplained(request, form, "desk:reconciliation")
    said = form.cleaned_data
    in_a_year = date(now().year + 1, 12, 31)

    def act() -> None:
        closing.conclude_waiver(
            waiver_id=waiver_id,
            until=(said["until"] or in_a_year) if said["act"] == "prolong" else None,
            words=said["words"],
            staff_user_id=staff.pk,
            now=now(),
        )

    return answered(request, act, done=_("Noted."), then="desk:reconciliation")
