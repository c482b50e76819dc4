"""The door for the identity provider: checked, applied once; the answer is all we learn."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fairroam.apps.esims.operations import numbers_identity
from fairroam.apps.esims.tasks.numbers import identity_gateway
from fairroam.clock import now, real_now
from fairroam.gateways.identity import BadSignature, CheckNotUnderstood, StaleEvent
from fairroam.web.hooks.payments import problem

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def hear(request: HttpRequest) -> HttpResponse:
    """One notice. 200 also for repeats and for checks that we do not know."""
    at = now()
    try:
        told = identity_gateway().parse_event(
            body=request.body, headers=request.headers, now=real_now()
        )
    except BadSignature:
        return problem("bad-signature", 401)
    except StaleEvent:
        return problem("stale", 401)
    except CheckNotUnderstood:
        log.warning("an identity notice was not understood")
        return problem("check-not-understood", 422)
    return JsonResponse({"outcome": numbers_identity.hear_check(state=told.state, now=at)})
