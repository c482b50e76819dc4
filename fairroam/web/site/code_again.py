"""Send me my code again: order number and e-mail, and one answer whether they exist or not."""

from __future__ import annotations

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.esims import operations
from fairroam.apps.esims.refusals import LinkUsedUp
from fairroam.apps.esims.tasks import CODE_LINK_SALT
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.orders import queries as orders
from fairroam.clock import now
from fairroam.web.components.guessing import count_public_mail
from fairroam.web.components.refused import render_refused
from fairroam.web.site.orders import remember_order


class CodeAgainForm(forms.Form):
    """What stands in the mail that confirmed the order."""

    number = forms.CharField(
        label=_("Order number"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "placeholder": "FR-…"}),
    )
    email = forms.EmailField(
        label=_("E-mail you ordered with"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """The form; whatever was typed leads to the same page."""
    form = CodeAgainForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "site/code_again.html", {"form": form}, status=status)
    try:
        count_public_mail(request)
    except Refusal as refusal:
        return render_refused(request, "site/code_again.html", form, refusal)
    operations.ask_for_code(
        order_number=form.cleaned_data["number"], email=form.cleaned_data["email"], now=now()
    )
    return redirect("site:code_sent")


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The one answer: look into your mailbox."""
    return render(request, "site/code_sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def opened(request: HttpRequest, seal: str) -> HttpResponse:
    """The link from the mail. Only the button uses it up: programs that read mails follow links."""
    if request.method != "POST":
        return render(request, "site/code_link.html")
    try:
        link_id = signing.loads(seal, salt=CODE_LINK_SALT)
        number = operations.use_link(link_id=link_id, now=now())
    except (signing.BadSignature, LinkUsedUp):
        return render_refused(request, "site/code_link.html", None, LinkUsedUp(), is_over=True)
    remember_order(request, number)
    lines = orders.order_page(number).lines
    if len(lines) == 1:
        return redirect("account:line", lines[0].id)
    return redirect("site:order", number)
