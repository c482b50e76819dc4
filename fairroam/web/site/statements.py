"""What we say about ourselves: how leaving works, the true channels, who we are."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """How leaving works, said before anybody buys."""
    return render(request, "site/leave.html")


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    """Every address of ours; what comes from elsewhere is not from us."""
    return render(request, "site/channels.html", {"mail_from": settings.DEFAULT_FROM_EMAIL})


@require_safe
def imprint(request: HttpRequest) -> HttpResponse:
    """Who sells, and how to reach them."""
    return render(request, "site/imprint.html")
