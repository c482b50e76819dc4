"""`/livez`: the process answers. `/readyz`: the database does too, and is of this version."""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse


def live(request: HttpRequest) -> HttpResponse:
    """The process runs."""
    return JsonResponse({"live": True})


def ready(request: HttpRequest) -> HttpResponse:
    """The database answers and nothing speaks against a start; else 503 with the reasons."""
    from fairroam.project.boot import find_boot_faults

    try:
        connection.ensure_connection()
        faults = [fault.code for fault in find_boot_faults()]
    except DatabaseError:
        faults = ["database-unavailable"]
    return JsonResponse({"ready": not faults, "faults": faults}, status=503 if faults else 200)
