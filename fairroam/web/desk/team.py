"""The team: who is at the desk, whom we invited, and up to how much each decides alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers import operations
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import ROLES, RULES, User
from fairroam.apps.customers.refusals import InvitationEnded
from fairroam.apps.journal.refusals import Refusal
from fairroam.clock import now
from fairroam.rules.money import known_currencies
from fairroam.web.account.signin import mail_secret
from fairroam.web.account.step_up import step_up_required
from fairroam.web.components.amounts import whole_minor
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.staff import ROLE_NAMES, staff_only
from fairroam.web.desk.words import currency_choices


class InviteForm(forms.Form):
    """Whom to invite, as what, and whether they are somebody who works here already."""

    email = forms.EmailField(label=gettext_lazy("E-mail address"), max_length=254)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=[(role, ROLE_NAMES[role]) for role in ROLES]
    )
    person = forms.TypedChoiceField(
        label=gettext_lazy("Another login of"), coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, **words: Any) -> None:
        super().__init__(*args, **words)
        known = {row.staff.person_id: row.email for row in customers.team()}
        person = self.fields["person"]
        assert isinstance(person, forms.ChoiceField)
        person.choices = [("", _("nobody: a new colleague")), *known.items()]


class LimitForm(forms.Form):
    """A limit in whole units as people write them; "300" EUR are 30000 cents."""

    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=[(role, ROLE_NAMES[role]) for role in (RULES, *ROLES)]
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency"),
        choices=lambda: currency_choices(sorted(known_currencies())),
        initial="EUR",
    )
    amount = forms.DecimalField(
        label=gettext_lazy("Up to, alone"), min_value=0, max_digits=15, decimal_places=3
    )

    def clean(self) -> dict[str, Any]:
        """The amount in minor units of a currency that we know."""
        said = super().clean() or {}
        if "currency" not in said or "amount" not in said:
            return said
        said["minor"] = whole_minor(self, "amount", said["amount"], said["currency"])
        return said


def shown(**wrong: forms.Form) -> dict[str, Any]:
    """What the page shows; a form that was sent wrong replaces its empty one."""
    return {
        "team": [(row, ROLE_NAMES[row.staff.role]) for row in customers.team()],
        "roles": [(role, ROLE_NAMES[role]) for role in ROLES],
        "invitations": [(row, ROLE_NAMES[row.role]) for row in customers.open_invitations(now())],
        "limits": [(ROLE_NAMES[role], rows) for role, rows in customers.limits().items()],
        "waiting": [(row, ROLE_NAMES[row.role]) for row in customers.waiting_limits()],
        "invite": InviteForm(auto_id="invite_%s"),
        "limit": LimitForm(auto_id="limit_%s"),
        **wrong,
    }


@never_cache
@staff_only(role="operator")
@step_up_required
@require_http_methods(["GET", "HEAD", "POST"])
def team(request: HttpRequest, user: User) -> HttpResponse:
    """Everybody with role and factors, invitations, limits; a change needs a fresh proof."""
    if request.method != "POST":
        return render(request, "desk/team.html", shown())
    member = customers.staff_member(user.pk)
    act = ACTS.get(request.POST.get("act", ""))
    if member is None or act is None:
        return render(request, "desk/team.html", shown(), status=422)
    try:
        wrong = act(request, member.staff_id)
    except Refusal as refusal:
        return render_refused(request, "desk/team.html", None, refusal, **shown())
    if wrong:
        return render(request, "desk/team.html", shown(**wrong), status=422)
    return redirect("desk:team")


Wrong = dict[str, forms.Form] | None


def invite(request: HttpRequest, by: int) -> Wrong:
    form = InviteForm(request.POST, auto_id="invite_%s")
    if not form.is_valid():
        return {"invite": form}
    said = form.cleaned_data
    invitation, token = operations.invite(
        email=said["email"], role=said["role"], person_id=said["person"], by=by, now=now()
    )
    link = settings.FAIRROAM_ADDRESS + reverse("desk:invitation", args=[token])
    mail_secret(
        "customers.invitation",
        invitation.email,
        until=invitation.expires_at,
        link=link,
        role=str(ROLE_NAMES[said["role"]]),
    )
    messages.success(request, _("Invited. The link in the mail works for 72 hours, once."))
    return None


def end_invitation(request: HttpRequest, by: int) -> Wrong:
    operations.end_invitation(invitation_id=chosen(request), by=by, now=now())
    messages.success(request, _("That link opens nothing any more."))
    return None


def end_member(request: HttpRequest, by: int) -> Wrong:
    operations.end_staff(staff_id=chosen(request), by=by, now=now())
    messages.success(request, _("Done. That login is signed out everywhere."))
    return None


def change_role(request: HttpRequest, by: int) -> Wrong:
    role = request.POST.get("role", "")
    if role in ROLES:
        operations.change_role(staff_id=chosen(request), role=role, by=by, now=now())
        messages.success(request, _("The role is changed."))
    return None


def set_limit(request: HttpRequest, by: int) -> Wrong:
    form = LimitForm(request.POST, auto_id="limit_%s")
    if not form.is_valid():
        return {"limit": form}
    said = form.cleaned_data
    row = operations.set_limit(
        role=said["role"],
        currency=said["currency"],
        single_minor=said["minor"],
        by=by,
        now=now(),
    )
    if row.counts_from is None:
        messages.info(request, _("This waits until a second operator agrees."))
    else:
        messages.success(request, _("The limit counts from now."))
    return None


def confirm_limit(request: HttpRequest, by: int) -> Wrong:
    operations.confirm_limit(limit_id=chosen(request), by=by, now=now())
    messages.success(request, _("The limit counts from now."))
    return None


def chosen(request: HttpRequest) -> int:
    """The id that was sent; 0, which nothing has, for anything else."""
    sent = request.POST.get("id", "")
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 16 else 0


ACTS: dict[str, Callable[[HttpRequest, int], Wrong]] = {
    "invite": invite,
    "end_invitation": end_invitation,
    "end_member": end_member,
    "change_role": change_role,
    "set_limit": set_limit,
    "confirm_limit": confirm_limit,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """What the link in the mail opens: join the desk, then sign in with a code as always."""
    found = customers.open_invitation(token, now())
    if found is None:
        return render_refused(request, "desk/invitation.html", None, InvitationEnded())
    context = {"role": ROLE_NAMES[found.role]}
    if request.method != "POST":
        return render(request, "desk/invitation.html", context)
    try:
        operations.accept_invitation(token=token, now=now())
    except Refusal as refusal:
        return render_refused(request, "desk/invitation.html", None, refusal, **context)
    return redirect(f"{reverse('account_request_login_code')}?next={reverse('desk:queue')}")
