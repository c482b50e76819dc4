"""The door for networks that report usage: checked over the raw bytes, kept, counted once."""

from __future__ import annotations

from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fairroam.apps.esims import tasks
from fairroam.apps.metering import operations
from fairroam.clock import now, real_now
from fairroam.gateways.lines import BadSignature, StaleEvent, UsageNotUnderstood
from fairroam.web.hooks.payments import problem

SOURCES = ("sandbox",)


@csrf_exempt
@require_POST
def record(request: HttpRequest, source: str) -> HttpResponse:
    """One batch of one network. 200 also for repeats and for records that a person must look at."""
    if source not in SOURCES:
        return problem("not-found", 404)
    at = now()
    try:
        records = tasks.line_gateway().parse_usage(
            body=request.body, headers=request.headers, now=real_now()
        )
    except BadSignature:
        return problem("bad-signature", 401)
    except StaleEvent:
        return problem("stale", 401)
    except UsageNotUnderstood:
        return problem("usage-not-understood", 422)
    counted = operations.record_usage(source=source, records=records, now=at)
    return JsonResponse(asdict(counted))
