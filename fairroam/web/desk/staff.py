"""Who may stand at the desk, and do what there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, overload

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import ROLES, User
from fairroam.apps.customers.queries import StaffRow
from fairroam.apps.customers.refusals import NotAllowed
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.web.components.refused import sentence_of

Words = ParamSpec("Words")
StaffView = Callable[Concatenate[HttpRequest, User, Words], HttpResponse]
View = Callable[..., HttpResponse]

FACTOR_ROLES = ("senior", "operator")
DEMO_DOOR = "demo_door"  # session key: signed in with one click
ROLE_NAMES = {
    "agent": _("agent"),
    "senior": _("senior agent"),
    "operator": _("operator"),
    "rules": _("the rules, without a person"),
}


@overload
def staff_only(view: StaffView[Words], /) -> View: ...
@overload
def staff_only(*, role: str) -> Callable[[StaffView[Words]], View]: ...
def staff_only(view: StaffView[Words] | None = None, *, role: str = "agent") -> Any:
    """Ask for the sign-in first; for everybody but staff the desk does not exist.

    role: the least that this page needs ("agent" < "senior" < "operator"); below it the answer
    is 403 `not-allowed`, in words. Write `@staff_only` or `@staff_only(role="operator")`.
    """
    assert role in ROLES, role

    def guard(view: StaffView[Words]) -> View:
        @login_required
        @wraps(view)
        def asked(request: HttpRequest, *args: Words.args, **words: Words.kwargs) -> HttpResponse:
            user = request.user
            member = customers.staff_member(user.pk) if isinstance(user, User) else None
            if member is None or not isinstance(user, User):
                raise NotAmongYours
            if ROLES.index(member.role) < ROLES.index(role):
                return render_not_allowed(request, NotAllowed(role=role))
            if needs_factor(request, member):
                return render(request, "desk/factor_needed.html", status=403)
            return view(request, user, *args, **words)

        return asked

    return guard if view is None else guard(view)


def needs_factor(request: HttpRequest, member: StaffRow) -> bool:
    """Whether this login must have a second factor first: its role moves larger amounts.

    In the demo whoever comes through its doors is let in as they are.
    """
    if settings.FAIRROAM_ENVIRONMENT == "demo" and request.session.get(DEMO_DOOR):
        return False
    return member.role in FACTOR_ROLES and not customers.user_has_second_factor(member.user_id)


def render_not_allowed(request: HttpRequest, refusal: NotAllowed) -> HttpResponse:
    """Say that a role does not include this, and which one does."""
    context = {
        "sentence": sentence_of(refusal),
        "code": refusal.code,
        "role": ROLE_NAMES[str(refusal.facts["role"])],
    }
    return render(request, "desk/not_allowed.html", context, status=refusal.status)
