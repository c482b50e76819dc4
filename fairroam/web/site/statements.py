"""What we say about ourselves: how leaving works, who we are."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """How leaving works, said before anybody buys."""
    return render(request, "site/leave.html")


@require_safe
def imprint(request: HttpRequest) -> HttpResponse:
    """Who sells, and how to reach them."""
    return render(request, "site/imprint.html")
