"""What we say about ourselves: the terms, the true channels, who we are."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from fairroam.clock import now
from fairroam.web.site import places, promises


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """The terms of sale and of money back, for the residence asked for."""
    residence = request.GET.get("residence", "")
    if residence and not places.is_residence(residence):
        raise Http404
    context = {
        "residence": residence,
        "residences": places.residences(get_language() or "en"),
        "packs": promises.packs_of(residence, on=now().date()),
    }
    return render(request, "site/terms.html", context)


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
