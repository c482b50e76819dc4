"""Whether somebody has proven with a new code, just now, that it is them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from allauth.account.authentication import get_authentication_records
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

FRESH_FOR = timedelta(minutes=10)


def has_fresh_code(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this browser brought a code from the mail within the last FRESH_FOR."""
    if not request.user.is_authenticated:
        return False
    records = get_authentication_records(request, request.user)
    codes = [record["at"] for record in records if record["method"] == "code"]
    if not codes:
        return False
    return now - datetime.fromtimestamp(max(codes), UTC) <= FRESH_FOR


def ask_for_code(request: HttpRequest, *, then: str) -> HttpResponse:
    """Sign out and lead to the sign-in, which leads back to the address `then`."""
    logout(request)
    return redirect(f"{reverse('account_request_login_code')}?{urlencode({'next': then})}")
