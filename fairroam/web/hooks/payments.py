"""The door for payment providers: checked, kept, applied; a repeat changes nothing."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fairroam.apps.orders import operations as orders
from fairroam.apps.payments import operations as events
from fairroam.apps.payments import tasks as payments
from fairroam.apps.payments.queries.providers import asked_providers
from fairroam.clock import now, real_now
from fairroam.gateways.payments import (
    BadSignature,
    EventNotForUs,
    EventNotUnderstood,
    GatewayUnreachable,
    ProviderEvent,
    StaleEvent,
)

NAME_LETTERS_MAX = 80
REFUSED = {
    BadSignature: ("bad-signature", 401),
    StaleEvent: ("stale", 401),
    # It alone can say whether the notice is true; it sends it again.
    GatewayUnreachable: ("provider-silent", 503),
}


def problem(code: str, status: int) -> JsonResponse:
    """A refusal for programs: RFC 9457 with our code."""
    return JsonResponse(
        {"title": code.replace("-", " "), "status": status, "code": code},
        status=status,
        content_type="application/problem+json",
    )


def is_storable(told: ProviderEvent) -> bool:
    """Whether its words are text that a provider would send: no NUL, and names of usual length."""
    names = (told.event_id, told.payment_ref, told.payout_ref, told.dispute_ref, told.outcome)
    return "\x00" not in told.reason and all(
        "\x00" not in name and len(name) <= NAME_LETTERS_MAX for name in names
    )


@csrf_exempt
@require_POST
def hear(request: HttpRequest, provider: str) -> HttpResponse:
    """One event of one provider. 200 also for repeats and for what a person must look at."""
    if provider not in asked_providers():
        return problem("not-found", 404)
    at = now()
    try:
        told = payments.gateway(provider).parse_event(
            body=request.body, headers=request.headers, now=real_now()
        )
    except tuple(REFUSED) as refused:
        return problem(*REFUSED[type(refused)])
    except EventNotForUs:
        return JsonResponse({"outcome": "ignored"})
    except EventNotUnderstood:  # kept for a person; the provider need not repeat it
        if b"\x00" in request.body:
            return problem("unreadable", 400)
        events.quarantine(
            provider=provider,
            event_id=hashlib.sha256(request.body).hexdigest(),
            reason="event-unknown",
            content=request.body.decode(errors="replace"),
            now=at,
        )
        return JsonResponse({"outcome": "quarantined"})
    if not is_storable(told):
        return problem("unreadable", 400)
    return JsonResponse({"outcome": orders.hear_provider(provider=provider, told=told, now=at)})
