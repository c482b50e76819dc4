"""How money back goes: figures from the books, a picture with its table, and a file of both."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.conversations import queries as conversations
from fairroam.apps.conversations.queries import Figures
from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.queries.reports import Report, Week, report
from fairroam.clock import now
from fairroam.web.components import formats
from fairroam.web.components.csv_cells import write_csv
from fairroam.web.desk import words
from fairroam.web.desk.staff import staff_only

DAYS = (30, 90, 365)
NO_TIME = timedelta()


@never_cache
@staff_only
@require_safe
def reports(request: HttpRequest, staff: User) -> HttpResponse:
    """Figures of the last 30, 90 or 365 days; `?form=csv` for a file."""
    days = request.GET.get("days", "90")
    if days not in map(str, DAYS):
        raise NotAmongYours
    at = now()
    made = report(since=at - timedelta(days=int(days)), until=at + timedelta(seconds=1))
    if request.GET.get("form") == "csv":
        file = HttpResponse(write_csv(csv_rows(made)), content_type="text/csv; charset=utf-8")
        file["Content-Disposition"] = f'attachment; filename="money-back-{days}-days.csv"'
        return file
    context = {
        "report": made,
        "days": int(days),
        "choices": DAYS,
        "figures": figures(made),
        "talks": talks(conversations.figures(since=made.since, until=made.until)),
        "declined_by": [(words.doubt(code), count) for code, count in made.declined_by.items()],
        "pictures": pictures(made),
        "weeks": [(week, percent(share(week)), span(week.to_decision)) for week in made.weeks],
    }
    return render(request, "desk/reports.html", context)


def share(week: Week) -> Fraction | None:
    """The part of a week's requests that nobody waited for; None of none."""
    return Fraction(week.at_once, week.total) if week.total else None


def pictures(made: Report) -> list[tuple[str, list[tuple[date, int, str]]]]:
    """Week by week: how many were settled, how many of them at once, how long it took."""
    return [
        (
            _("Requests settled by week"),
            [(week.on, week.total, str(week.total)) for week in made.weeks],
        ),
        (
            _("Share decided at once, by week"),
            [(week.on, int((share(week) or 0) * 100), percent(share(week))) for week in made.weeks],
        ),
        (
            _("Median time to the decision, by week"),
            [
                (
                    week.on,
                    int((week.to_decision or NO_TIME).total_seconds()),
                    span(week.to_decision),
                )
                for week in made.weeks
            ],
        ),
    ]


def figures(made: Report) -> list[tuple[str, str]]:
    """The figures in words."""
    return [
        (_("Requests settled"), str(made.settled)),
        (_("Median time to the decision"), span(made.to_decision)),
        (_("Median time to the money"), span(made.to_money)),
        (_("Decided at once, without a person"), percent(made.at_once)),
        (_("Declined"), str(made.declined)),
        (_("Appeals decided"), str(made.appealed)),
        (_("Overturned on appeal"), percent(made.overturned)),
    ]


def talks(made: Figures) -> list[tuple[str, str]]:
    """How conversations went that were closed in the time, as their customers rated them."""
    tenths = None if made.rating is None else round(made.rating * 10)
    rating = "–" if tenths is None else f"{tenths // 10}.{tenths % 10}"
    return [
        (_("Conversations closed"), str(made.closed)),
        (_("Median time to a person's first answer"), span(made.first_answer)),
        (_("Solved, and not rated 1 or 2"), percent(made.resolved_share)),
        (_("Rating by customers, 1 to 5"), rating),
        (_("Ratings"), str(made.rated)),
    ]


def span(length: timedelta | None) -> str:
    """ "2 days 4 h", "35 min", "12 s"; a dash for none."""
    if length is None:
        return "–"
    seconds = int(length.total_seconds())
    if seconds < 60:
        return _("%(count)s s") % {"count": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(count)s min") % {"count": minutes}
    days, hours = divmod(minutes // 60, 24)
    if not days:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes % 60}
    return ngettext("%(days)s day %(hours)s h", "%(days)s days %(hours)s h", days) % {
        "days": days,
        "hours": hours,
    }


def percent(share: Fraction | None) -> str:
    """A share in whole percent, rounded down; a dash for none."""
    if share is None:
        return "–"
    whole = Fraction(share.numerator * 100 // share.denominator, 100)
    return formats.percent(whole, get_language() or "en")


def csv_rows(made: Report) -> list[tuple[object, ...]]:
    """The same figures exactly: seconds, shares as fractions, minor units."""

    def seconds(length: timedelta | None) -> int | None:
        return None if length is None else int(length.total_seconds())

    rows: list[tuple[object, ...]] = [
        ("figure", "of", "value"),
        ("since", "", made.since.isoformat()),
        ("until", "", made.until.isoformat()),
        ("settled", "", made.settled),
        ("median_seconds_to_decision", "", seconds(made.to_decision)),
        ("median_seconds_to_money", "", seconds(made.to_money)),
        ("share_decided_at_once", "", made.at_once),
        ("declined", "", made.declined),
        *(("declined_because", code, count) for code, count in made.declined_by.items()),
        ("appeals_decided", "", made.appealed),
        ("share_overturned_on_appeal", "", made.overturned),
        *(("goodwill_minor", currency, minor) for currency, minor in made.goodwill.items()),
        *(("unearned_minor", currency, minor) for currency, minor in made.unearned.items()),
    ]
    for week in made.weeks:
        rows.append(("settled_at_once_in_week", week.on.isoformat(), week.at_once))
        rows.append(("settled_by_people_in_week", week.on.isoformat(), week.by_people))
        to_decision = seconds(week.to_decision)
        rows.append(("median_seconds_to_decision_in_week", week.on.isoformat(), to_decision))
    return rows
