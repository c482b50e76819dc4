"""A usage record that was put aside: counted for a line, or put away with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.metering import operations, queries
from fairroam.apps.metering.operations import SeenUse
from fairroam.apps.metering.queries import QuarantineRow
from fairroam.clock import now
from fairroam.gateways.identifiers import BadIdentifier, normalise_iccid
from fairroam.web.components.refused import render_refused
from fairroam.web.desk import words
from fairroam.web.desk.incidents import Moment, named_countries
from fairroam.web.desk.staff import staff_only

SECONDS = "%Y-%m-%dT%H:%M:%S"
QUANTITY_MAX = 2**53  # bytes; the columns hold more, no plan does
# Why a record is put aside: metering.models names these codes.
PUT_ASIDE = {
    "other_content": gettext_lazy("it came before with other content, which counts"),
    "bad_correction": gettext_lazy("it takes back what cannot be taken back"),
    "total_fell": gettext_lazy("its total is lower than before"),
    "not_understood": gettext_lazy("it could not be read"),
}
UNITS = {
    "data": gettext_lazy("bytes"),
    "voice": gettext_lazy("seconds"),
    "sms": gettext_lazy("messages"),
}
KINDS = {
    "data": gettext_lazy("Data, in bytes"),
    "voice": gettext_lazy("Calls, in seconds"),
    "sms": gettext_lazy("Messages"),
}
SETTLED = {"counted": gettext_lazy("counted"), "put_away": gettext_lazy("put away")}


class WhyForm(forms.Form):
    """Why nothing follows from it."""

    words = forms.CharField(label=gettext_lazy("Why"), max_length=1000)


def seconds_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=SECONDS)


class UseForm(WhyForm):
    """The use that a person reads in the record."""

    iccid = forms.CharField(label=gettext_lazy("ICCID of the eSIM"), max_length=24)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=list(KINDS.items()))
    quantity = forms.IntegerField(
        label=gettext_lazy("How much"), min_value=1, max_value=QUANTITY_MAX
    )
    started_at = Moment(label=gettext_lazy("Since (UTC)"), widget=seconds_input())
    ended_at = Moment(label=gettext_lazy("Until (UTC)"), widget=seconds_input())
    country = forms.ChoiceField(label=gettext_lazy("Country"), choices=named_countries)
    operator = forms.CharField(label=gettext_lazy("Network"), max_length=200, required=False)
    is_instead = forms.BooleanField(
        label=gettext_lazy("Take back the record that counts under this name"), required=False
    )
    field_order = (
        "iccid",
        "kind",
        "quantity",
        "started_at",
        "ended_at",
        "country",
        "operator",
        "is_instead",
        "words",
    )

    def clean_iccid(self) -> str:
        try:
            return normalise_iccid(self.cleaned_data["iccid"])
        except BadIdentifier:
            raise forms.ValidationError(_("An ICCID has 18 to 20 digits.")) from None

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        begun, ended = said.get("started_at"), said.get("ended_at")
        if begun and ended and ended < begun:
            self.add_error("ended_at", _("The end lies before the beginning."))
        elif ended and ended > now():
            self.add_error("ended_at", _("This lies in the future."))
        return said

    @property
    def use(self) -> SeenUse:
        named = ("iccid", "kind", "quantity", "started_at", "ended_at", "country", "operator")
        return SeenUse(**{name: self.cleaned_data[name] for name in named})


FORMS: dict[str, type[WhyForm]] = {"count": UseForm, "put_away": WhyForm}


def read_from(content: dict[str, Any]) -> dict[str, Any]:
    """What the record itself says, as the form begins with it."""
    said = {name: value for name, value in content.items() if name in UseForm.base_fields}
    for name in ("started_at", "ended_at"):
        if name in said:
            said[name] = datetime.fromisoformat(said[name]).astimezone(UTC).replace(tzinfo=None)
    return said


@never_cache
@staff_only(role="operator")  # What is counted or taken back moves money, as a file does.
@require_http_methods(["GET", "HEAD", "POST"])
def aside(request: HttpRequest, staff: User, aside_id: int) -> HttpResponse:
    """One record: what it says, what counts under its name, and the two ways to deal with it."""
    row = queries.aside(aside_id)
    if row is None:
        raise NotAmongYours(aside_id=aside_id)
    context = told(row)
    act = request.POST.get("act", "")
    if request.method != "POST" or act not in FORMS:
        status = 422 if request.method == "POST" else 200
        return render(request, "desk/aside.html", context, status=status)
    form = FORMS[act](request.POST, auto_id=f"{act}_%s")
    context["forms"][act] = form
    if not form.is_valid():
        return render(request, "desk/aside.html", context, status=422)
    try:
        done = deal(row, form, staff)
    except Refusal as refusal:
        return render_refused(request, "desk/aside.html", form, refusal, **context)
    messages.success(request, done)
    return redirect("desk:usage")


def deal(row: QuarantineRow, form: forms.Form, staff: User) -> str:
    """Count it, or put it away; the sentence that says so."""
    if isinstance(form, UseForm):
        operations.count_aside(
            aside_id=row.id,
            use=form.use,
            is_instead=form.cleaned_data["is_instead"],
            words=form.cleaned_data["words"],
            staff_user_id=staff.pk,
            now=now(),
        )
        return _("It counts now, with your reason.")
    operations.put_away(
        aside_id=row.id, words=form.cleaned_data["words"], staff_user_id=staff.pk, now=now()
    )
    return _("Put away, with your reason.")


def told(row: QuarantineRow) -> dict[str, Any]:
    """The record in words, and a fresh form for each way that is open to it."""
    before = queries.counted_before(row)
    open_forms: dict[str, forms.Form] = {}
    if not row.settled_as:
        if row.may_count:
            started = {**read_from(row.content), "is_instead": before is not None}
            open_forms["count"] = UseForm(initial=started, auto_id="count_%s")
            if before is None:
                del open_forms["count"].fields["is_instead"]
        open_forms["put_away"] = WhyForm(auto_id="put_away_%s")
    return {
        "row": row,
        "why": PUT_ASIDE[row.reason],
        "before": before and (before, UNITS.get(before.kind, "")),
        "forms": open_forms,
        "settled": settled(row),
    }


def settled(row: QuarantineRow) -> dict[str, Any] | None:
    """What became of it: how, who, why; None while it is open."""
    if not row.settled_as:
        return None
    who = words.people([row.settled_by])[row.settled_by]
    return {"how": SETTLED[row.settled_as], "who": who, "at": row.settled_at, "words": row.words}
