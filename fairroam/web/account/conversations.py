"""Messages of a customer: write to us, read our answers, add files, say how it went."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fairroam.apps.conversations import operations, queries
from fairroam.apps.customers.models import Customer
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.evidence import queries as evidence_rows
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.web.account.live import render_live, watched_seconds
from fairroam.web.account.me import customers_only
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.components.uploads import FilesField, given_back, harmless

LOOK_SECONDS = 5
LOOK_SELDOM_SECONDS = 30
WATCHED_SECONDS = 600  # who keeps a page open this long is asked about less often
FILE_KINDS = (
    ("other", gettext_lazy("something else")),
    ("purchase", gettext_lazy("proof of purchase")),
    ("activation_failure", gettext_lazy("the eSIM cannot be installed or activated")),
    ("network_failure", gettext_lazy("there is no network")),
    ("device", gettext_lazy("my phone and its settings")),
)


class MessageForm(forms.Form):
    """Words, files, or both."""

    words = forms.CharField(
        label=gettext_lazy("Your message"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    uploads = FilesField(
        label=gettext_lazy("Pictures, PDF or text"),
        help_text=gettext_lazy("Up to 10 MB each. Where a picture was taken is removed from it."),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What they show"), choices=FILE_KINDS, required=False
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class NewThreadForm(MessageForm):
    """A new matter."""

    subject = forms.CharField(label=gettext_lazy("What is it about?"), max_length=200)
    field_order = ("subject", "words", "uploads", "kind", "key")


class RatingForm(forms.Form):
    """How it went."""

    rating = forms.TypedChoiceField(
        label=gettext_lazy("How did we do?"),
        coerce=int,
        choices=[
            (5, gettext_lazy("5, very good")),
            (4, gettext_lazy("4, good")),
            (3, gettext_lazy("3, it will do")),
            (2, gettext_lazy("2, not good")),
            (1, gettext_lazy("1, bad")),
        ],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=gettext_lazy("What should we do better?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: HttpRequest, customer: Customer) -> HttpResponse:
    """All matters, and the form for a new one."""
    context = {
        "threads": page_of(queries.threads_of(customer.pk), request),
        "zone": customer.zone,
    }
    form = NewThreadForm(
        request.POST or None, request.FILES or None, initial={"key": uuid4(), "kind": "other"}
    )
    template = "account/messages.html"
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context, "form": form}, status=status)
    said = form.cleaned_data
    try:
        thread_id = operations.open_thread(
            customer_id=customer.pk,
            subject=said["subject"],
            words=said["words"],
            files=harmless(said["uploads"], kind=said["kind"] or "other"),
            key=said["key"],
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, template, form, refusal, **context)
    return redirect("account:thread", thread_id)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, customer: Customer, thread_id: int) -> HttpResponse:
    """One matter: its messages come by themselves; below them the form to write."""
    page = queries.thread(thread_id, customer.pk)
    context = shown(page, customer)
    if request.method != "POST":
        is_watched = watched_seconds(request) < WATCHED_SECONDS
        return render_live(
            request,
            "account/thread.html",
            {**context, "form": MessageForm(initial={"key": uuid4(), "kind": "other"})},
            part="account/thread_part.html",
            seconds=LOOK_SECONDS if is_watched else LOOK_SELDOM_SECONDS,
        )
    form = MessageForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "account/thread.html", {**context, "form": form}, status=422)
    said = form.cleaned_data
    try:
        operations.write(
            thread_id=thread_id,
            customer_id=customer.pk,
            words=said["words"],
            files=harmless(said["uploads"], kind=said["kind"] or "other"),
            key=said["key"],
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "account/thread.html", form, refusal, **context)
    return redirect("account:thread", thread_id)


def shown(page: queries.ThreadRow, customer: Customer) -> dict[str, Any]:
    """What the page of a matter shows; a page that is refused shows it, too."""
    return {
        "thread": page,
        "messages_shown": page.messages,
        "zone": customer.zone,
        "rating_form": RatingForm(initial={"rating": page.rating, "words": page.rating_words}),
    }


@customers_only
@require_POST
def rate(request: HttpRequest, customer: Customer, thread_id: int) -> HttpResponse:
    """Say how it went."""
    queries.thread(thread_id, customer.pk)
    form = RatingForm(request.POST)
    if form.is_valid():
        try:
            operations.rate(
                thread_id=thread_id,
                customer_id=customer.pk,
                rating=form.cleaned_data["rating"],
                words=form.cleaned_data["words"],
                now=now(),
            )
        except Refusal:
            return redirect("account:thread", thread_id)  # It was opened again meanwhile.
        messages.success(request, _("Thank you. It counts in the figures that we publish."))
    return redirect("account:thread", thread_id)


@customers_only
@require_safe
def file(request: HttpRequest, customer: Customer, evidence_id: int) -> HttpResponse:
    """A file of one's own, to save."""
    row, content = evidence_rows.read(evidence_id, customer_id=customer.pk)
    evidence.record_shown(evidence_id=row.id, actor=f"customer:{customer.pk}", now=now())
    return given_back(row, content)
