"""Withdraw from a contract, or end one, without signing in: two steps, a receipt at once."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from msgspec.structs import replace

from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations
from fairroam.apps.refunds.operations import Said
from fairroam.apps.refunds.queries.declarations import declaration, look_by
from fairroam.apps.refunds.tasks import DECLARATION_SALT
from fairroam.clock import now
from fairroam.rules.labels import Labels, labels_for
from fairroam.rules.languages import language_of
from fairroam.web.account.me import signed_in
from fairroam.web.components.guessing import count_public_mail
from fairroam.web.components.refused import render_refused, sentence_of
from fairroam.web.site import places

DECLARED_HERE = "declared"  # session key: the declaration whose receipt this browser may read


class WithdrawalForm(forms.Form):
    """What the law lets us ask: who, which contract, and where the receipt goes. No reason."""

    kind = "withdrawal"
    name = forms.CharField(
        label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    contract = forms.CharField(
        label=_("Order number"),
        help_text=_(
            "It stands in the mail that confirmed it. Lost it? Say what you bought and when."
        ),
        max_length=120,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "placeholder": "FR-…"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("The receipt goes there at once. Best the one you ordered with."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)

    def said(self, residence: str) -> Said:
        """The declaration in their words."""
        asked = {name: value for name, value in self.cleaned_data.items() if name != "key"}
        language = language_of(get_language() or "en")
        asked.pop("grounds", None)
        return Said(kind=self.kind, residence=residence, language=language, **asked)


class TerminationForm(WithdrawalForm):
    """What section 312k of the German civil code asks a page of this kind to offer."""

    kind = "termination"
    grounds = forms.ChoiceField(
        label=_("Kind"),
        choices=[
            ("ordinary", _("ordinary: it simply ends")),
            ("for_cause", _("for cause: something is wrong")),
        ],
    )
    reason = forms.CharField(
        label=_("Reason, if it is for cause"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    ends = forms.DateField(
        label=_("It shall end on"),
        help_text=_("Empty: at the earliest possible day."),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    field_order = ("name", "contract", "email", "grounds", "reason", "ends")

    def clean(self) -> dict[str, Any]:
        asked: dict[str, Any] = super().clean() or self.cleaned_data
        if asked.get("grounds") == "for_cause" and not asked.get("reason"):
            self.add_error("reason", _("Say in a few words what is wrong."))
        ends = asked.get("ends")
        asked["ends"] = ends.isoformat() if ends else ""
        return asked


FORMS: dict[str, type[WithdrawalForm]] = {
    "withdrawal": WithdrawalForm,
    "termination": TerminationForm,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest) -> HttpResponse:
    """Withdraw from a contract: no reason, no sign-in."""
    return _two_steps(request, "withdrawal")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def terminate(request: HttpRequest) -> HttpResponse:
    """End a contract that goes on: its renewal stops, what is paid runs to its last day."""
    return _two_steps(request, "termination")


def _two_steps(request: HttpRequest, kind: str) -> HttpResponse:
    """The form, then one button that only confirms; nothing is declared before that button."""
    residence = _residence(request)
    context = _context(kind, residence)
    if request.method != "POST":
        form = FORMS[kind](initial=_known(request))
        return render(request, "site/declare.html", {**context, "form": form})
    form = FORMS[kind](request.POST)
    if not form.is_valid():
        return render(request, "site/declare.html", {**context, "form": form}, status=422)
    if request.POST.get("step") == "change":
        return render(request, "site/declare.html", {**context, "form": form})
    if request.POST.get("step") != "confirm":
        return render(request, "site/declare_confirm.html", {**context, "form": form})
    try:
        count_public_mail(request)
        declared = _declare(request, form.cleaned_data["key"], form.said(residence))
    except Refusal as refusal:
        return render_refused(request, "site/declare.html", form, refusal, **context)
    request.session[DECLARED_HERE] = declared
    return redirect("site:declared")


def _declare(request: HttpRequest, key: UUID, said: Said) -> int:
    """Take it, and carry it out where the owner of the order is signed in."""
    at = now()
    declared = operations.declare(key=key, said=said, now=at)
    customer = signed_in(request)
    if customer is not None:
        # Somebody else's order waits for its own mailbox, as for anyone.
        with suppress(NotAmongYours):
            operations.prove_customer(declaration_id=declared.pk, customer_id=customer.pk, now=at)
    return declared.pk


@never_cache
@require_safe
def declared(request: HttpRequest) -> HttpResponse:
    """The receipt: content, day and time, and what happens next."""
    declaration_id = request.session.get(DECLARED_HERE)
    if declaration_id is None:
        raise Http404
    said = declaration(declaration_id)
    context = {"said": said, "look_by": look_by(said.declared_at)}
    return render(request, "site/declared.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def prove(request: HttpRequest, seal: str) -> HttpResponse:
    """The link from the receipt. Only the button acts: programs that read mails follow links."""
    try:
        said = declaration(signing.loads(seal, salt=DECLARATION_SALT))
    except signing.BadSignature:
        raise NotAmongYours from None
    if request.method == "POST":
        try:
            said = operations.prove_mailbox(declaration_id=said.pk, now=now())
        except Refusal as refusal:
            context = {"said": said, "refusal": {"sentence": sentence_of(refusal)}}
            return render(request, "site/declaration.html", context, status=refusal.status)
        return redirect("site:declaration", seal)
    context = {"said": said, "look_by": look_by(said.declared_at)}
    return render(request, "site/declaration.html", context)


def _residence(request: HttpRequest) -> str:
    """Whose words stand on the buttons: as chosen, else the customer's own country."""
    chosen = request.POST.get("residence", request.GET.get("residence"))
    if chosen is None:
        customer = signed_in(request)
        chosen = customer.residence.partition("-")[0] if customer else ""
    return chosen if places.is_residence(chosen) else ""


def _known(request: HttpRequest) -> dict[str, Any]:
    email = request.user.email if request.user.is_authenticated else ""
    return {"key": uuid4(), "email": email, "contract": request.GET.get("order", "")}


def _context(kind: str, residence: str) -> dict[str, Any]:
    labels = labels_of(residence)
    return {
        "kind": kind,
        "labels": labels,
        "residence": residence,
        "residences": places.residences(get_language() or "en"),
        "button": _button(kind, labels),
    }


def labels_of(residence: str) -> Labels:
    """The words on the buttons; where no law fixes them they speak the page's language."""
    labels, ours = labels_for(residence), labels_for("")
    if labels.source != ours.source:
        return labels
    return replace(
        labels,
        language=language_of(get_language() or "en"),
        withdraw=gettext("Withdraw from a contract"),
        confirm_withdrawal=gettext("Confirm withdrawal"),
        source=gettext("No law fixes them; the words are ours"),
    )


def _button(kind: str, labels: Labels) -> str:
    """The words on the second button; where no law fixes them they are the page's own."""
    if kind == "withdrawal":
        return labels.confirm_withdrawal
    return labels.confirm_termination or str(_("End the contract now"))
