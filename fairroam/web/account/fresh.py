"""Whether somebody has proven at a sign-in, just now, that it is them."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from fairroam.web.account.step_up import proof_of


def has_fresh_code(request: HttpRequest, *, now: datetime) -> bool:
    """Whether this browser brought within ten minutes what is enough for its account.

    A code from the mail, or a second factor where the customer has one.
    """
    return proof_of(request, now=now) is not None


def ask_for_code(request: HttpRequest, *, then: str) -> HttpResponse:
    """Sign out and lead to the sign-in, which leads back to the address `then`."""
    logout(request)
    return redirect(f"{reverse('account_request_login_code')}?{urlencode({'next': then})}")
