"""What makes the site an app that can be installed: its manifest, its worker, its offline page."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue

PAPER = "#faf7f0"  # as in tokens.css and icon.svg
WORKER = "components/worker.js"
# What the offline page and every kept page need to look right.
SHELL = (
    "components/app.css",
    "components/installed.js",
    "components/icon.svg",
    "components/icon-192.png",
    "django_htmx/htmx-2.min.js",
)
ICONS = (
    ("components/icon.svg", "any", "image/svg+xml", "any"),
    ("components/icon-192.png", "192x192", "image/png", "any"),
    ("components/icon-512.png", "512x512", "image/png", "any"),
    ("components/icon-whole-512.png", "512x512", "image/png", "maskable"),
)


@require_safe
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """The app as a phone lists it (W3C Web Application Manifest)."""
    brand = catalogue.brand()
    name = brand.name
    content = {
        "name": name,
        "short_name": name[:12],
        "lang": get_language(),
        "id": "/",
        "start_url": "/account/",
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": brand.accent,
        "icons": [
            {"src": static(path), "sizes": sizes, "type": kind, "purpose": purpose}
            for path, sizes, kind, purpose in ICONS
        ],
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
@cache_control(no_cache=True)
def worker(request: HttpRequest) -> HttpResponse:
    """The worker, from the root so that it may serve every page, with the version of its shell."""
    shell = json.dumps(["/offline/", *map(static, SHELL)])
    beginning = f"const VERSION = {json.dumps(version())};\nconst SHELL = {shell};\n"
    return HttpResponse(beginning + source(WORKER).decode(), content_type="text/javascript")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What is shown without a network: what was kept, and what to do."""
    return render(request, "site/offline.html")


@cache
def version() -> str:
    """A name for the shell that changes whenever a part of it does."""
    whole = hashlib.sha256()
    for path in (WORKER, *SHELL):
        whole.update(source(path))
    return whole.hexdigest()[:12]


def source(path: str) -> bytes:
    """A static file of ours, wherever it lies."""
    found = finders.find(path)
    assert found is not None, path
    return Path(found).read_bytes()
