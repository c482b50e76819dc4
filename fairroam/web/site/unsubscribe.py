"""Stop mails about one topic by the link in such a mail, without a sign-in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.notices import operations, queries
from fairroam.apps.notices.tasks import unseal
from fairroam.clock import now
from fairroam.web.components.mails import TOPICS


@never_cache
@csrf_exempt  # RFC 8058: the mail program posts for its reader, without cookies; the link is sealed
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, seal: str) -> HttpResponse:
    """Opening the link changes nothing, since programs open links too; the button stops them."""
    key = unseal(seal)
    notice = queries.find_by_key(key) if key else None
    topic = queries.topic_of(notice.kind) if notice else ""
    if notice is None or not topic:
        raise NotAmongYours
    if request.method == "POST":
        operations.stop_mail(notice_id=notice.pk, now=now())
    context = {"topic": TOPICS[topic], "is_done": request.method == "POST"}
    return render(request, "site/unsubscribe.html", context)
