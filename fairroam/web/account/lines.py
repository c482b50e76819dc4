"""The page of one line: its code, what the carrier says of it, what is left."""

from __future__ import annotations

import segno
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.clock import now
from fairroam.gateways.identifiers import ActivationCode
from fairroam.web.account import line_acts, me, overview
from fairroam.web.account.live import render_live, watched_seconds

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


@never_cache
@require_safe
def line(request: HttpRequest, line_id: int) -> HttpResponse:
    """One line. htmx asks for the moving part again while the carrier has news."""
    customer_id = me.owner_of_line(request, line_id)
    card = overview.card(line_id, customer_id)
    code = card.page.code
    context = {
        "card": card,
        "over": card.is_over(now()),
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
