"""Pages that go on by themselves: one part of them is asked for again until nothing moves."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from fairroam.clock import now

MOMENT_DIGITS_MAX = 12


def render_live(
    request: HttpRequest, page: str, context: dict[str, Any], *, part: str, seconds: int | None
) -> HttpResponse:
    """The page with its moving `part`; for htmx that part alone, and 204 while it is unchanged.

    What is unchanged is not sent again: an open line of a receipt stays open, a screen reader is
    not interrupted, and a phone on a bad network loads nothing. seconds: between two questions;
    None once nothing moves any more. The part may hold no form, as its token is always new.
    """
    # Rendered by our own template, which has escaped what came from elsewhere.
    inner = mark_safe(render_to_string(part, context, request))  # noqa: S308
    seen = sha256(f"{seconds} {inner}".encode()).hexdigest()[:16]
    live = {"part": inner, "seen": seen, "seconds": seconds, "opened": opened_at(request)}
    if not getattr(request, "htmx", False):
        return render(request, page, {**context, **live})
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    return render(request, "account/live.html", live)


def opened_at(request: HttpRequest) -> int:
    """When the page was opened, in Unix seconds: as its questions say, or now for a new one."""
    said = request.GET.get("opened", "")
    is_moment = said.isdecimal() and len(said) <= MOMENT_DIGITS_MAX
    return int(said) if is_moment else int(now().timestamp())


def watched_seconds(request: HttpRequest) -> int:
    """For how long the page has been open."""
    return int(now().timestamp()) - opened_at(request)
