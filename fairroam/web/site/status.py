"""Where and when networks failed: for anybody, as a page and as a feed."""

from __future__ import annotations

from datetime import UTC, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.incidents import queries
from fairroam.apps.incidents.queries import IncidentRow
from fairroam.clock import now
from fairroam.web.components import formats, tags

SHOWN_FOR = timedelta(days=365)


@never_cache
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """What goes on now, and what was within a year."""
    known = queries.public_incidents(since=now() - SHOWN_FOR)
    context = {
        "going_on": [row for row in known if row.ended_at is None],
        "over": [row for row in known if row.ended_at is not None],
        "at": now(),
    }
    return render(request, "site/status.html", context)


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The same as an Atom feed, in the language of the request."""
    page = settings.FAIRROAM_ADDRESS + reverse("site:status")
    atom = Atom1Feed(
        title=_("State of the networks"),
        link=page,
        feed_url=settings.FAIRROAM_ADDRESS + reverse("site:status_feed"),
        description="",
        language=request.LANGUAGE_CODE,
    )
    for row in queries.public_incidents(since=now() - SHOWN_FOR):
        atom.add_item(
            title=title_of(row, request.LANGUAGE_CODE),
            link=f"{page}#incident-{row.id}",
            description=tags.in_words(row.words),
            unique_id=f"{page}#incident-{row.id}",
            pubdate=row.declared_at,
            updateddate=row.changed_at,
        )
    return HttpResponse(atom.writeString("utf-8"), content_type=atom.content_type)


def title_of(row: IncidentRow, language: str) -> str:
    """The places and the beginning."""
    places = ", ".join(formats.country_name(code, language) for code in row.countries)
    return f"{places}, {formats.day(row.began_at.astimezone(UTC).date(), language)}"
