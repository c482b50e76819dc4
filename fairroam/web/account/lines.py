"""The page of one line: its code, what the carrier says of it, what is left."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import segno
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.metering import queries as metering
from fairroam.clock import now
from fairroam.gateways.identifiers import ActivationCode
from fairroam.web.account import line_acts, me, overview
from fairroam.web.account.live import render_live, watched_seconds
from fairroam.web.components.charts import DayUse

# The journey of a line, in the order in which it is told: once it happened, and before.
FACTS = {
    "ready": (_("eSIM ready to download"), _("eSIM being made")),
    "downloaded": (_("Downloaded to a phone"), _("Download to a phone")),
    "installed": (_("Installed"), _("Install")),
    "enabled": (_("Switched on"), _("Switch on")),
    "first_attach": (_("First seen by a network"), _("First network")),
    "first_usage": (_("First used"), _("First use")),
}


def qr_symbol(code: ActivationCode) -> segno.QRCode:
    """The code as a QR symbol: level M, its letters as they are."""
    return segno.make(code.lpa, error="m", micro=False)


def qr_code(code: ActivationCode) -> str:
    """That symbol as an SVG picture, with its quiet zone of four modules."""
    picture: str = qr_symbol(code).svg_inline(
        scale=5, border=4, dark="#000", light="#fff", omitsize=True
    )
    return picture


# Between two questions: one second shows a fact within two, and most of the answers are empty.
NEWS_SECONDS, QUIET_SECONDS = 1, 20
WATCHED_SECONDS = 300  # so long after it was opened, somebody is taken to look at the page
CHARTED_DAYS = 31  # more bars than that are too thin for a phone


@never_cache
@require_safe
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """One line. htmx asks for the moving part again while the carrier has news."""
    customer_id, at = me.owner_of_line(request, line_id), now()
    card = overview.card(line_id, customer_id)
    code = card.page.code
    own_numbers = overview.kept([card], customer_id, at)
    context = {
        "card": card,
        "days": days(card, at),
        "keeping": own_numbers[0] if own_numbers else None,
        "over": card.is_over(at),
        "page": card.page,
        "steps": steps(card),
        "code": code,
        "qr": qr_code(code) if code else None,
        **line_acts.offers(card.page),
    }
    is_watched = watched_seconds(request) < WATCHED_SECONDS or context["act_under_way"] is not None
    return render_live(
        request,
        "account/line.html",
        context,
        part="account/line_part.html",
        seconds=pause(card, is_watched=is_watched),
    )


def days(card: overview.LineCard, at: datetime) -> list[DayUse]:
    """Data by day over all packs on the eSIM, from the first day with use to the last.

    Of the latest weeks alone: before the plan's end, or before now.
    """
    if card.usage.starts_at is None:
        return []
    zone = ZoneInfo(card.page.zone)
    latest = min(card.usage.ends_at or at, at).astimezone(zone).date()
    first = latest - timedelta(days=CHARTED_DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=zone)
    line_id = card.page.line.order_line_id
    told = [
        each
        for each in metering.days_of_use(line_id, zone=card.page.zone, since=since)
        if each.kind == "data" and each.quantity > 0
    ]
    if not told:
        return []
    charted = []
    for place in range((told[-1].on - told[0].on).days + 1):
        on = told[0].on + timedelta(days=place)
        of_day = [each for each in told if each.on == on]
        countries = tuple(each.country for each in of_day)
        charted.append(DayUse(on, sum(each.quantity for each in of_day), countries))
    return charted[-CHARTED_DAYS:]


def pause(card: overview.LineCard, *, is_watched: bool) -> int | None:
    """How long to wait before asking for news; None when there will be none."""
    if card.page.line.is_off:
        return None
    is_quiet = card.page.facts.first_usage_at and not is_watched
    return QUIET_SECONDS if is_quiet else NEWS_SECONDS


def steps(card: overview.LineCard) -> list[dict[str, object]]:
    """The activation facts as a timeline; the first one still ahead is what to do now."""
    known = {fact.kind: fact.happened_at for fact in card.page.timeline}
    told = [kind for kind in FACTS if kind in known]
    last = list(FACTS).index(told[-1]) if told else -1
    rows: list[dict[str, object]] = []
    for place, (kind, (done, ahead)) in enumerate(FACTS.items()):
        state = "done" if place <= last else "now" if place == last + 1 else "ahead"
        label = done if place <= last else ahead
        rows.append({"label": label, "at": known.get(kind), "state": state})
    return rows if not card.page.line.is_off else [row for row in rows if row["state"] == "done"]
