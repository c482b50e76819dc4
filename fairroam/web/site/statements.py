"""What we say about ourselves: how leaving works, who we are, our colours, our picture."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue

A_YEAR = 365 * 24 * 3600  # the address changes with what stands behind it
# The shades that styles/tokens.css makes of the accent, made of another one.
STYLE = """:root {
  --color-jade: light-dark(%(day)s, %(night)s);
  --color-jade-deep: color-mix(in srgb, var(--color-jade) 80%%, var(--color-ink));
  --color-jade-pale: color-mix(in srgb, var(--color-jade) 8%%, var(--color-paper));
}
"""


@require_safe
def leave(request: HttpRequest) -> HttpResponse:
    """How leaving works, said before anybody buys."""
    return render(request, "site/leave.html")


@require_safe
def imprint(request: HttpRequest) -> HttpResponse:
    """Who sells, and how to reach them."""
    return render(request, "site/imprint.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What becomes of personal data here, in the seller's own words."""
    return render(request, "site/privacy.html")


@require_safe
@cache_control(max_age=A_YEAR)
def brand_style(request: HttpRequest) -> HttpResponse:
    """The seller's accent; both colours were looked at for contrast before."""
    brand = catalogue.brand()
    style = STYLE % {"day": brand.accent, "night": brand.accent_night}
    return HttpResponse(style, content_type="text/css; charset=utf-8")


@require_safe
@cache_control(max_age=A_YEAR)
def logo(request: HttpRequest) -> HttpResponse:
    """The seller's picture, as we made it again."""
    media_type, content = catalogue.logo()
    if not content:
        raise Http404
    return HttpResponse(content, content_type=media_type)
