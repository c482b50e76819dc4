"""The first page of the account: each line, what is going on, what needs doing next, the trips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import LinePage, numbers
from fairroam.apps.esims.queries.numbers import KeepingPage
from fairroam.apps.journal.queries.planned import looked_through, together
from fairroam.apps.ledger import queries as books
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.queries import Usage, many
from fairroam.apps.notices import queries as notices
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds import queries as refunds
from fairroam.apps.refunds.queries import Quote
from fairroam.apps.refunds.queries.open_requests import OpenRequest
from fairroam.clock import now
from fairroam.web.account import activity
from fairroam.web.account.me import customers_only
from fairroam.web.account.trips import Stay, Trip, trips
from fairroam.web.components.tags import in_words

LINES_MOST = 60  # the newest; older ones stand in the history
QUOTED_MOST = 3  # cards that say today's amount
TOPPED_UP = ("active", "suspended")
COUNTRIES_MOST = 6  # a plan for half the world says nothing of where somebody was


@dataclass(frozen=True, slots=True)
class LineCard:
    """One line with its meters."""

    page: LinePage
    usage: Usage

    @property
    def name(self) -> str:
        """Their own name for it, else the plan's."""
        return self.page.line.name or in_words(self.page.plan_copy["names"])

    @property
    def keeps_number(self) -> bool:
        """Whether the plan keeps a number at home."""
        return bool(self.page.plan_copy.get("number_rule"))

    def is_over(self, at: datetime) -> bool:
        """Whether nothing of it can be used any more; a number goes on after its paid period."""
        ends_at = None if self.keeps_number else self.usage.ends_at
        return self.page.line.is_off or (ends_at is not None and ends_at <= at)


@dataclass(frozen=True, slots=True)
class Running:
    """A line that still runs, and the way to money back: the open request, or today's quote.

    keeping: the number that its plan keeps, or waits for.
    """

    card: LineCard
    keeping: KeepingPage | None
    open_refund: OpenRequest | None
    quote: Quote | None
    can_top_up: bool


@dataclass(frozen=True, slots=True)
class TripCard:
    """A trip. stays: each with whether its plan is over; again: the plans to buy once more.

    Of a plan its code and name.
    """

    trip: Trip
    stays: tuple[tuple[Stay, bool], ...]
    again: tuple[tuple[str, str], ...]


def card(order_line_id: int, customer_id: int) -> LineCard:
    """The line with its meters, for its owner."""
    return LineCard(esims.line_page(order_line_id, customer_id), metering.usage_of(order_line_id))


@dataclass(frozen=True, slots=True)
class Travelled:
    """Lines with their meters, where each was used, and those whose plan can be bought again."""

    cards: list[LineCard]
    countries: dict[int, tuple[str, ...]]
    sold_again: set[int]


def travelled(pages: Sequence[LinePage]) -> Travelled:
    """What was used of these lines, read together."""
    ids = [page.line.order_line_id for page in pages]
    usage, countries, sold_again = together(
        many.uses_asked(ids), many.countries_asked(ids), orders.sold_again_asked(ids)
    )
    cards = [LineCard(page, usage[page.line.order_line_id]) for page in pages]
    return Travelled(cards, countries, sold_again)


def kept(cards: Sequence[LineCard], customer_id: int, at: datetime) -> list[KeepingPage]:
    """The numbers of these lines; nothing is read where no plan keeps one."""
    ids = {card.page.line.order_line_id for card in cards if card.keeps_number}
    if not ids:
        return []
    return [page for page in numbers.keepings_of(customer_id, now=at) if page.line_id in ids]


def running(
    cards: Sequence[LineCard],
    asked: dict[int, OpenRequest],
    kept: Sequence[KeepingPage],
    sold_again: set[int],
    at: datetime,
) -> list[Running]:
    """The lines that run; the first ones with what would come back at that moment."""
    keeping = {page.line_id: page for page in kept}
    by_line = {each.page.line.order_line_id: each for each in cards}
    quoted = [line_id for line_id in list(by_line)[:QUOTED_MOST] if line_id not in asked]
    read = {line_id: (by_line[line_id].usage, by_line[line_id].page.facts) for line_id in quoted}
    quotes = refunds.quotes(read, now=at)
    return [
        Running(
            each,
            keeping.get(line_id),
            asked.get(line_id),
            quotes.get(line_id),
            line_id in sold_again and is_in_use(each),
        )
        for line_id, each in by_line.items()
    ]


def is_in_use(card: LineCard) -> bool:
    """Whether a further pack of the same plan is what its owner may want next.

    A kept number is renewed on its own page; a supplier sells packs of other names, on the line's.
    """
    copy = card.page.plan_copy
    is_own = not card.keeps_number and not copy.get("supplier")
    return is_own and card.usage.starts_at is not None and card.page.line.stage in TOPPED_UP


def trips_of(lines: Travelled, zone: str, at: datetime) -> list[TripCard]:
    """The trips that these lines make, newest first; see `stay_of`."""
    stays = (stay_of(each, lines.countries, zone) for each in lines.cards)
    found = trips([stay for stay in stays if stay is not None])
    return [
        TripCard(
            trip,
            tuple((stay, stay.card.is_over(at)) for stay in trip.stays),
            plans_of(trip, lines.sold_again, at),
        )
        for trip in found
    ]


def plans_of(trip: Trip, sold: set[int], at: datetime) -> tuple[tuple[str, str], ...]:
    """The code and name of each plan of the trip that is still sold, each once.

    None while anything of the trip runs: that is topped up instead.
    """
    if not all(stay.card.is_over(at) for stay in trip.stays):
        return ()
    pages = [stay.card.page for stay in trip.stays]
    again = {
        page.plan_copy["code"]: in_words(page.plan_copy["names"])
        for page in pages
        if page.line.order_line_id in sold
    }
    return tuple(again.items())


def stay_of(card: LineCard, used: dict[int, tuple[str, ...]], zone: str) -> Stay | None:
    """When and where the line was used; None while it was not, or where it is for no trip.

    A plan without an end is for none, nor is one that keeps a number at home.
    """
    starts_at, ends_at = card.usage.starts_at, card.usage.ends_at
    if starts_at is None or ends_at is None or card.keeps_number:
        return None
    over_at = min(ends_at, card.page.line.ended_at or ends_at)
    sold_for = tuple(card.page.plan_copy["countries"])
    return Stay(
        first=starts_at.astimezone(ZoneInfo(zone)).date(),
        last=max(over_at, starts_at).astimezone(ZoneInfo(zone)).date(),
        countries=used.get(card.page.line.order_line_id)
        or (sold_for if len(sold_for) <= COUNTRIES_MOST else ()),
        card=card,
    )


@never_cache
@customers_only
@require_safe
def overview(request: HttpRequest, customer: Customer) -> HttpResponse:
    """What to do next, the lines, what is going on, and the trips; in a bounded number of reads."""
    at = now()
    asked = (
        esims.pages_asked(customer.pk, most=LINES_MOST),
        notices.newest_asked([customer.pk]),
        books.credit_asked([customer.pk]),
    )
    with looked_through(activity.RARE, customer.pk, *asked) as (pages, newest, credit):
        lines = travelled(pages)
        live = [each for each in lines.cards if not each.is_over(at)]
        own_numbers = kept(live, customer.pk, at)
        happening = activity.gather(customer.pk, live, own_numbers, newest, at)
    context = {
        "customer": customer,
        "running": running(live, happening.refunds, own_numbers, lines.sold_again, at),
        "ended": [each for each in lines.cards if each.is_over(at)],
        "trips": trips_of(lines, customer.zone, at),
        "activity": happening,
        "credit": credit,
        "unread": happening.unread,
        "offers": happening.offers,
    }
    return render(request, "account/overview.html", context)
