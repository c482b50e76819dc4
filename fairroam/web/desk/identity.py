"""A person checks a person; and decides where a wish for a number is unusual."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from fairroam.apps.customers.models import User
from fairroam.apps.esims.operations import numbers_give, numbers_identity
from fairroam.apps.esims.queries import numbers
from fairroam.apps.esims.queries.numbers import WaitingNumber
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.rules.keep_alive import versions_of
from fairroam.web.components import formats
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import staff_only

# Why a wish for a number waits: esims.operations.numbers_give names these codes.
REASONS = {
    "cap": gettext_lazy("This person has as many numbers as anybody may have."),
    "soon_again": gettext_lazy("This person got another number within a day."),
    "burst": gettext_lazy("Very many numbers were asked for within an hour."),
    "no_number": gettext_lazy("No number of this operator is free."),
}


class SeenForm(forms.Form):
    """What was read from the document. It is kept as a fingerprint only, which names nobody."""

    check_id = forms.IntegerField(widget=forms.HiddenInput)
    document = forms.CharField(
        label=gettext_lazy("Country and number of the document, such as GB 123456789"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    outcome = forms.ChoiceField(choices=[("right", "right"), ("wrong", "wrong")])

    def clean(self) -> dict[str, object]:
        """Whoever is recognised was recognised by something."""
        said = super().clean() or {}
        if said.get("outcome") == "right" and not said.get("document"):
            self.add_error("document", _("Please write which document you have seen."))
        return said


def why(wish: WaitingNumber) -> str:
    """Why a person looks at a wish, and how many numbers its person keeps."""
    kept = ngettext(
        "This person keeps %(count)s number.",
        "This person keeps %(count)s numbers.",
        wish.numbers_of_person,
    ) % {"count": wish.numbers_of_person}
    return formats.in_a_row([str(REASONS[wish.reason]), kept], get_language() or "en")


def queues(request: HttpRequest) -> dict[str, Any]:
    """Who waits for a person, and what for."""
    wishes = page_of(numbers.waiting_numbers(), request, name="wishes")
    return {
        "checks": page_of(numbers.waiting_checks(), request),
        "wishes": wishes.each(lambda wish: (wish, versions_of(wish.rule)[-1].operator, why(wish))),
    }


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: HttpRequest, staff: User) -> HttpResponse:
    """Who waits to be looked at, and which wishes for numbers; oldest first."""
    context = queues(request)
    form = SeenForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/identity.html", {**context, "form": form}, status=status)
    try:
        numbers_identity.decide_by_person(
            check_id=form.cleaned_data["check_id"],
            staff_user_id=staff.pk,
            document=form.cleaned_data["document"],
            is_right=form.cleaned_data["outcome"] == "right",
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "desk/identity.html", form, refusal, **context)
    messages.success(request, _("Done. The customer is told now."))
    return redirect("desk:identity")


@staff_only
@require_POST
def decide(request: HttpRequest, staff: User, line_id: int) -> HttpResponse:
    """Grant an unusual wish for a number, or refuse it: then all the money goes back."""
    try:
        is_done = numbers_give.decide_number(
            line_id=line_id,
            staff_user_id=staff.pk,
            is_allowed=request.POST.get("outcome") == "grant",
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "desk/identity.html", SeenForm(), refusal, **queues(request))
    if is_done:
        messages.success(request, _("Done. The customer is told now."))
    else:
        messages.warning(request, _("No number is free: put some into stock first."))
    return redirect("desk:identity")
