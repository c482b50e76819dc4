"""The door for suppliers of eSIMs: what they tell is a hint, after which we ask them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from fairroam.apps.suppliers import tasks
from fairroam.clock import now
from fairroam.gateways.suppliers import BadSignature, EventNotUnderstood
from fairroam.web.hooks.payments import problem


@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def hear(request: HttpRequest, supplier: str) -> HttpResponse:
    """One webhook of one supplier. 200 also for repeats: some take 204 and above for failure.

    HEAD is how some look whether the door exists before they use it.
    """
    if supplier not in tasks.suppliers():
        return problem("not-found", 404)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        news = tasks.hear(supplier=supplier, body=request.body, headers=request.headers, now=now())
    except BadSignature:
        return problem("bad-signature", 401)
    except EventNotUnderstood:
        return problem("event-not-understood", 422)
    return JsonResponse({"news": news})
