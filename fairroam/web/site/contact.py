"""Write to us without a sign-in: heard after a click in the mailbox, known or not."""

from __future__ import annotations

from uuid import uuid4

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.conversations import operations, queries
from fairroam.apps.conversations.operations.visitors import CONFIRM_WITHIN
from fairroam.apps.conversations.tasks import CONFIRM_SALT, THREAD_SALT
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.clock import now
from fairroam.rules import outside_help
from fairroam.web.account.me import signed_in
from fairroam.web.components.guessing import count_public_mail
from fairroam.web.components.refused import render_refused


class ContactForm(forms.Form):
    """Who, and what."""

    email = forms.EmailField(
        label=_("Your e-mail, for the answer"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    subject = forms.CharField(label=_("What is it about?"), max_length=200)
    words = forms.CharField(
        label=_("Your message"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """The form; whoever is signed in writes from their account, with files."""
    if signed_in(request) is not None:
        return redirect("account:messages")
    form = ContactForm(request.POST or None, initial={"key": uuid4()})
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "site/contact.html", {"form": form}, status=status)
    said = form.cleaned_data
    try:
        count_public_mail(request)
        operations.ask_as_visitor(
            address=said["email"],
            subject=said["subject"],
            words=said["words"],
            language=request.LANGUAGE_CODE,
            key=said["key"],
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "site/contact.html", form, refusal)
    return redirect("site:contact_sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The one answer: look into your mailbox."""
    return render(request, "site/contact_sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, seal: str) -> HttpResponse:
    """The link from the mail. Only the button counts: programs that read mails follow links."""
    if request.method != "POST":
        return render(request, "site/contact_confirm.html")
    try:
        token = signing.loads(seal, salt=CONFIRM_SALT, max_age=CONFIRM_WITHIN)
        thread = operations.confirm(token=token, now=now())
    except (signing.BadSignature, NotAmongYours):
        return render(request, "site/contact_confirm.html", {"is_over": True}, status=404)
    if thread.customer_id is not None:
        return redirect("account:thread", thread.pk)
    return redirect("site:contact_thread", signing.dumps(thread.token, salt=THREAD_SALT))


@never_cache
@require_safe
def thread(request: HttpRequest, seal: str) -> HttpResponse:
    """The conversation of somebody without an account, for whoever has the link from the mail."""
    try:
        page = queries.thread_by_token(signing.loads(seal, salt=THREAD_SALT))
    except (signing.BadSignature, NotAmongYours):
        raise NotAmongYours from None
    context = {"thread": page, "messages_shown": page.messages, "zone": "UTC"}
    return render(request, "site/contact_thread.html", context)


@require_safe
def outside(request: HttpRequest) -> HttpResponse:
    """Whom to turn to when we fail: by country, each with its source."""
    return render(request, "site/outside.html", {"bodies": outside_help.bodies()})
