"""Public figures of fairness, out of the books: how fast, how often at once, promises kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from fairroam.apps.conversations import queries as conversations
from fairroam.apps.esims.queries.many import fetched_between
from fairroam.apps.refunds.queries import reports, targets
from fairroam.apps.refunds.queries.targets import Kept
from fairroam.clock import now
from fairroam.web.components import formats

PERIOD = timedelta(days=90)
CASES_MIN = 5  # fewer would tell of persons, not of us


@dataclass(frozen=True, slots=True)
class Line:
    """One promise: what, the words of the target, and how it was kept."""

    name: str
    target: str
    kept: Kept


@require_safe
@cache_control(public=True, max_age=600)
def fairness(request: HttpRequest) -> HttpResponse:
    """The last 90 days; a figure with fewer than five cases says so instead."""
    until = now()
    since = until - PERIOD
    refunds = reports.report(since=since, until=until)
    talks = conversations.figures(since=since, until=until)
    fetched = fetched_between(since, until)
    language = request.LANGUAGE_CODE
    lines = [
        Line(
            _("Decision"),
            _("within three working days"),
            targets.decisions_in_time(since=since, until=until),
        ),
        Line(_("Money sent"), _("within 14 days"), targets.money_in_time(since=since, until=until)),
    ]
    context = {
        "as_of": until,
        "fetched": fetched if fetched >= CASES_MIN else None,  # no figure, no claim
        "lines": [(line, told(line.kept.share, line.kept.cases, language)) for line in lines],
        "figures": [
            (_("Requests for money back settled"), str(refunds.settled)),
            (_("Half of them were decided within"), span(refunds.to_decision, refunds.settled)),
            (_("Half of the money arrived within"), span(refunds.to_money, refunds.settled)),
            (
                _("Decided at once, without a person"),
                told(refunds.at_once, refunds.settled, language),
            ),
            (_("Changed on appeal"), told(refunds.overturned, refunds.appealed, language)),
            (_("First answer of a person, half within"), span(talks.first_answer, talks.closed)),
            (_("Matters resolved for good"), told(talks.resolved_share, talks.closed, language)),
        ],
    }
    return render(request, "site/fairness.html", context)


def told(share: Fraction | None, cases: int, language: str) -> str:
    """A share in percent, or that there are too few cases to tell."""
    if share is None or cases < CASES_MIN:
        return _("too few cases to tell")
    return formats.percent(share, language)


def span(length: timedelta | None, cases: int) -> str:
    """A length of time as people say it."""
    if length is None or cases < CASES_MIN:
        return _("too few cases to tell")
    minutes = int(length.total_seconds() // 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    if minutes < 48 * 60:
        hours = minutes // 60
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    days = minutes // (24 * 60)
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": days}
