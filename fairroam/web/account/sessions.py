"""Which browsers are signed in: noted as they come, listed, ended; who was ended is told so."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from fairroam.apps.customers import operations
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.refusals import SessionRevoked
from fairroam.clock import now
from fairroam.web.account.session_store import recall_user
from fairroam.web.account.signin_views import LEAVE_NOTHING
from fairroam.web.components.refused import sentence_of
from fairroam.web.components.unavailable import unavailable


class Sessions:
    """Note each signed-in browser; a sign-in that was ended is none, and its next page says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.answer(request)
        except OperationalError:  # Outside of a view nobody else translates it.
            return unavailable()

    def answer(self, request: HttpRequest) -> HttpResponse:
        cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        came_as = note(request) if cookie else None
        was_ended = cookie is not None and came_as is None and customers.was_session(cookie)
        response = self.get_response(request)
        key = request.session.session_key
        if came_as is not None and key != came_as:
            operations.forget_session(session_key=came_as, now=now())
        if key is not None and key != came_as:
            note(request)
        if was_ended and leads_to_sign_in(response):
            return render_revoked(request)
        return response


def note(request: HttpRequest) -> str | None:
    """The key of the session of whoever is signed in; None for visitors, and for the ended."""
    visit = recall_user(request)
    if not request.user.is_authenticated:
        return None
    key = request.session.session_key
    assert key is not None
    if visit is not None and visit.is_noted(now()):
        return key
    is_live = operations.note_session(
        user_id=request.user.pk,
        session_key=key,
        user_agent=request.headers.get("User-Agent", ""),
        now=now(),
    )
    if not is_live:
        request.session.flush()
        request.user = AnonymousUser()
    return key if is_live else None


def leads_to_sign_in(response: HttpResponse) -> bool:
    to = response.get("Location", "")
    return response.status_code == 302 and to.startswith(resolve_url(settings.LOGIN_URL))


def render_revoked(request: HttpRequest) -> HttpResponse:
    """Say that this device was signed out; the cookie goes, so the next page is a visitor's."""
    refusal = SessionRevoked()
    context = {"code": refusal.code, "sentence": sentence_of(refusal)}
    response = render(request, "account/session_revoked.html", context, status=refusal.status)
    response.delete_cookie(settings.SESSION_COOKIE_NAME)
    response["Clear-Site-Data"] = LEAVE_NOTHING
    return response


def user_id(request: HttpRequest) -> int:
    assert request.user.pk is not None
    return request.user.pk


@login_required
@require_POST
def end(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign one browser out."""
    operations.end_session(user_id=user_id(request), session_id=session_id, now=now())
    messages.success(request, _("That device is signed out."))
    return redirect("mfa_index")


@login_required
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign all browsers out but this one."""
    operations.end_sessions(user_id=user_id(request), but=request.session.session_key, now=now())
    messages.success(request, _("All other devices are signed out."))
    return redirect("mfa_index")
