"""What plays the world in the demo: a clock that moves, and all messages as they go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from django.conf import settings
from django.contrib import messages as told
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from procrastinate.contrib.django import app

from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from fairroam.clock import clock_file, moved_by, now, real_now
from fairroam.web.account.live import render_live

ZONE = "Europe/Berlin"
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
SHOWN = 12
SECONDS_BETWEEN = 2
STAND_IN_SECONDS_MAX = 5


@dataclass(frozen=True, slots=True)
class Message:
    """One message that left. channel: mail, sms or push; url: where it can be read whole."""

    channel: str
    to: str
    words: str
    at: datetime
    url: str = ""


def set_clock(ahead_of_real: timedelta) -> None:
    """Let the demo's clock, and that of its stand-ins, run so far ahead of the real one."""
    file = clock_file()
    fresh = file.with_suffix(".new")
    fresh.write_text(str(int(ahead_of_real.total_seconds())))
    fresh.replace(file)


@require_POST
def move_clock(request: HttpRequest) -> HttpResponse:
    """An hour, a day or a week later; what was due meanwhile is done at once."""
    step = STEPS.get(request.POST.get("step", ""))
    if step is None:
        raise Http404
    set_clock(moved_by() + step)
    app.configure_task("catch_up").defer()
    told.success(request, _("The clock has moved. What was due by now is being done."))
    return redirect("demo:cast")


@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """The newest messages, asked for again every two seconds."""
    found = newest()
    context = {"messages_out": found, "zone": ZONE}
    return render_live(
        request,
        "demo/messages.html",
        context,
        part="demo/messages_part.html",
        seconds=SECONDS_BETWEEN,
    )


def newest() -> list[Message]:
    """What mail server, text messages and push service took in, the newest first."""
    mails = settings.FAIRROAM_MAIL_READER_URL
    found = [
        Message("mail", one["to"][0], one["subject"], _at(one), f"{mails}/mails/{one['id']}")
        for one in effects(mails, "mail_received")
    ]
    found += [
        Message("sms", one["to"], one["text"], _at(one))
        for one in effects(settings.FAIRROAM_SMS_URL, "message_sent")
    ]
    found += pushed()
    found.sort(key=lambda message: message.at, reverse=True)
    return found[:SHOWN]


def pushed() -> list[Message]:
    """What went to devices that asked for it. They alone can read it: this is what it says."""
    found = Event.objects.filter(kind="notice.pushed").order_by("-pk")[:SHOWN]
    when = {event.facts["notice_id"]: event.happened_at for event in found}
    return [
        Message("push", notice.address, notice.subject, when[notice.pk])
        for notice in Notice.objects.filter(pk__in=when)
    ]


def effects(stand_in: str, name: str) -> list[dict[str, str]]:
    """What a stand-in did under that name, the newest last; nothing while it is silent."""
    if not stand_in:
        return []
    try:
        answer = httpx.get(
            f"{stand_in}/_effects", timeout=STAND_IN_SECONDS_MAX, trust_env=False
        ).raise_for_status()
    except httpx.HTTPError:
        return []
    return [one for one in answer.json()["effects"] if one["effect"] == name][-SHOWN:]


def _at(effect: dict[str, str]) -> datetime:
    return datetime.fromtimestamp(float(effect["at"]), UTC).replace(microsecond=0) + moved_by()


def clock() -> dict[str, object]:
    """The demo's present and the real one, for its page."""
    return {"at": now(), "real_at": real_now(), "zone": ZONE, "is_moved": bool(moved_by())}
