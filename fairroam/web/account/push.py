"""Messages to this device: turned on and off by the browser itself, topics by its owner."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.notices import operations
from fairroam.clock import now
from fairroam.gateways.push.webpush import is_plain
from fairroam.web.account.me import customers_only
from fairroam.web.components.mails import PUSH_TOPICS

# What a browser says of itself (W3C Push API), and how long each part may be.
PARTS = {"endpoint": 1000, "p256dh": 100, "auth": 40}


@never_cache
@customers_only
@require_POST
def device(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Take what the browser's push service gave it, or forget it: JSON of `PushSubscription`."""
    told = read(request.body)
    if told is None:
        return HttpResponse(status=422)
    try:
        if "off" in request.GET:
            operations.forget_device(endpoint=told["endpoint"], customer_id=customer.pk)
        else:
            operations.add_device(
                customer_id=customer.pk,
                session_key=request.session.session_key or "",
                endpoint=told["endpoint"],
                public_key=told["p256dh"],
                secret=told["auth"],
                now=now(),
            )
    except Refusal as refusal:
        return HttpResponse(status=refusal.status)
    return HttpResponse(status=204)


@never_cache
@customers_only
@require_POST
def topics(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Choose what is pushed to the devices that take messages."""
    stopped = PUSH_TOPICS.keys() - set(request.POST.getlist("pushed"))
    operations.choose_pushes(customer_id=customer.pk, stopped=stopped, now=now())
    messages.success(request, _("Saved."))
    return redirect("account:mail_choices")


def read(body: bytes) -> dict[str, str] | None:
    """The parts of a subscription; None where it is none."""
    try:
        said: Any = json.loads(body)
        told = {"endpoint": said["endpoint"], **said["keys"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(is_sound(told.get(name), most) for name, most in PARTS.items()):
        return None
    return {name: str(told[name]) for name in PARTS}


def is_sound(part: object, most: int) -> bool:
    """Whether it is a text as browsers write it, not empty, and at most so long."""
    return isinstance(part, str) and 0 < len(part) <= most and is_plain(part)
