"""The door for profile servers: ES2+ HandleDownloadProgressInfo (GSMA SGP.22 section 5.3.5)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from fairroam.apps.esims import operations, tasks
from fairroam.clock import now
from fairroam.gateways.profiles import BadNotice
from fairroam.gateways.profiles.es2plus import ADMIN_PROTOCOL
from fairroam.web.hooks.payments import problem


@csrf_exempt
@require_POST
def handle_download_progress_info(request: HttpRequest) -> HttpResponse:
    """One progress notice: 204 and nothing else, also for repeats and for what we do not know."""
    try:
        notice = tasks.profile_gateway().parse_progress(body=request.body, headers=request.headers)
    except BadNotice:
        return problem("bad-notice", 400)
    operations.record_notice(notice=notice, now=now())
    answer = HttpResponse(status=204, headers={"X-Admin-Protocol": ADMIN_PROTOCOL})
    del answer["Content-Type"]  # There is no content.
    return answer
