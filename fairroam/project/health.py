"""What monitors ask a web process: `/livez`, `/readyz` and `/metrics`.

They are answered before anything else: a monitor calls us by the machine's address, which is not
the official one, and no session or table of the pages is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import compare_digest

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from fairroam import clock

LOOPBACK = ("127.0.0.1", "::1")


class Health:
    """Middleware: answers monitors, hands everything else on. The door of profiles has none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if settings.FAIRROAM_DOORS != "public":
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = ANSWERS.get(request.path_info, self.get_response)
        return answer(request)


def live(request: HttpRequest) -> HttpResponse:
    """The process runs."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and nothing speaks against a start; else 503 with the reasons.

    Warnings are for people: a silent worker, for one, keeps no page from being answered.
    """
    from fairroam.project.boot import find_boot_faults
    from fairroam.project.metrics import warnings

    odd: list[str] = []
    try:
        connection.ensure_connection()
        faults = [fault.code for fault in find_boot_faults()]
        odd = [] if faults else list(warnings())
    except DatabaseError:
        faults = ["database-unavailable"]
    told = {"ready": not faults, "faults": faults, "warnings": odd}
    return JsonResponse(told, status=503 if faults else 200)


def metrics(request: HttpRequest) -> HttpResponse:
    """Figures of now, for who shows the token; without one set, for this machine alone."""
    from fairroam.project.metrics import as_text, figures

    if not _may_ask(request):
        return HttpResponse(status=404)
    try:
        text = as_text(figures(clock.now()))
    except DatabaseError:
        return HttpResponse(status=503)
    return HttpResponse(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_ask(request: HttpRequest) -> bool:
    token = settings.FAIRROAM_METRICS_TOKEN
    if token:
        shown = request.headers.get("Authorization", "")
        return compare_digest(shown.encode(), f"Bearer {token}".encode())
    # A proxy beside us comes from here, too, with somebody else's request.
    is_passed_on = {"X-Forwarded-For", "Forwarded", "Via"} & request.headers.keys()
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_passed_on


ANSWERS = {"/livez": live, "/readyz": ready, "/metrics": metrics}
