"""Every page of the desk by subject: how much waits there, and the first deadline of it."""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from typing import Any

from django.db.models import Count, Min, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fairroam.apps.closures import queries as closures
from fairroam.apps.closures.queries import waivers
from fairroam.apps.conversations import queries as conversations
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import ROLES
from fairroam.apps.esims.queries import desk as lines
from fairroam.apps.esims.queries import numbers
from fairroam.apps.incidents import queries as incidents
from fairroam.apps.metering import queries as metering
from fairroam.apps.notices import queries as notices
from fairroam.apps.papers.queries import channels
from fairroam.apps.payments.queries import arrivals, reports
from fairroam.apps.payments.queries import desk as payments
from fairroam.apps.refunds.queries import declarations
from fairroam.apps.suppliers import queries as suppliers
from fairroam.apps.wallet import queries as wallet


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a room. by: the first deadline, a last day or an instant; None: no clock."""

    count: int
    by: date | datetime | None = None
    is_late: bool = False

    @property
    def is_day(self) -> bool:
        """Whether the deadline is a whole day."""
        return not isinstance(self.by, datetime)


@dataclass(frozen=True, slots=True)
class Room:
    """One page of the desk. role: the least that it asks for; waiting None: nothing queues here."""

    view: str
    title: str | Promise
    role: str = "agent"
    count: Callable[[int, datetime], Waiting] | None = None


@dataclass(frozen=True, slots=True)
class Door:
    """A room as one colleague sees it now."""

    view: str
    title: str | Promise
    waiting: Waiting | None


def how_many(rows: Sized) -> int:
    """So many, without reading them where the database can count."""
    return rows.count() if isinstance(rows, QuerySet) else len(rows)


def counted(*lists: Callable[[], Sized]) -> Callable[[int, datetime], Waiting]:
    """A count of rows that have no deadline."""
    return lambda _staff_user_id, _at: Waiting(sum(how_many(rows()) for rows in lists))


def first_of(rows: QuerySet[Any], column: str) -> tuple[int, Any]:
    """How many rows there are, and the least of a column; None where none has one."""
    found = rows.order_by().aggregate(many=Count("pk"), first=Min(column))
    return found["many"], found["first"]


def by_instant(many: int, first: datetime | None, at: datetime) -> Waiting:
    """So many rows, of which the first ends at an instant, if any does."""
    return Waiting(many, first, first is not None and first <= at)


def answers(staff_user_id: int, at: datetime) -> Waiting:
    rows = conversations.queue(staff_user_id=staff_user_id, now=at)
    many, since = first_of(rows.found, "waiting_since")
    return by_instant(many, since and since + conversations.ANSWER_WITHIN, at)


def declared(_staff_user_id: int, at: datetime) -> Waiting:
    many, first = first_of(declarations.waiting_declarations(), "declared_at")
    return by_instant(many, first and declarations.look_by(first), at)


def leaving(_staff_user_id: int, at: datetime) -> Waiting:
    return by_instant(*first_of(closures.reviews().found, "review_by"), at)


def payouts(_staff_user_id: int, at: datetime) -> Waiting:
    """Transfers by hand and what is stuck; the alarm of the payments' own clock says late."""
    found = [first_of(rows, "pay_by") for rows in (payments.transfers(), payments.stuck())]
    first = min((day for _many, day in found if day), default=None)
    return Waiting(
        sum(many for many, _day in found), first, first is not None and first < at.date()
    )


def unbooked(staff_user_id: int, at: datetime) -> Waiting:
    """What fits the books nowhere, and waived money that nobody claimed in time."""
    unclear = counted(reports.open_differences, payments.quarantined, payments.late_money)
    return Waiting(unclear(staff_user_id, at).count + waivers.overdue(at).count())


def disputes(_staff_user_id: int, _at: datetime) -> Waiting:
    rows = payments.disputes()
    unseen_losses = rows.filter(stage="lost", seen_at__isnull=True)
    return Waiting(rows.filter(stage="open").count() + unseen_losses.count())


def failures(_staff_user_id: int, _at: datetime) -> Waiting:
    return Waiting(incidents.suspected().count())


def mails(_staff_user_id: int, _at: datetime) -> Waiting:
    return Waiting(notices.undelivered_count())


ROOMS: dict[str | Promise, tuple[Room, ...]] = {
    _("Customers"): (
        Room("conversations", _("Conversations"), count=answers),
        Room("declarations", _("Declarations"), count=declared),
        Room("closures", _("Closings"), count=leaving),
        Room(
            "identity",
            _("Persons and numbers"),
            count=counted(numbers.waiting_checks, numbers.waiting_numbers),
        ),
        Room("undelivered", _("Mails that did not arrive"), count=mails),
        Room(
            "guides",
            _("Guides and what readers say"),
            count=counted(conversations.waiting_opinions),
        ),
    ),
    _("Money and books"): (
        Room("payouts", _("Payouts by hand"), "senior", payouts),
        Room("arrivals", _("Transfers that arrived"), "senior", counted(arrivals.awaited)),
        Room("transfers", _("Credit between customers"), count=counted(wallet.transfers_to_review)),
        Room("promo_codes", _("Promo codes"), "operator"),
        Room("vouchers", _("Vouchers"), "operator"),
        Room("disputes", _("Disputes"), "senior", disputes),
        Room(
            "reconciliation",
            _("Providers' reports"),
            "senior",
            unbooked,
        ),
        Room("books", _("The books")),
        Room("records", _("Permanent records"), "operator"),
        Room("figures", _("Tax, margin and reasons"), "senior"),
    ),
    _("Networks"): (
        Room("lines", _("Lines"), count=counted(lines.stuck_lines)),
        Room("incidents", _("Network failures"), "operator", failures),
        Room("trials", _("Free trials")),
        Room("usage", _("Usage files"), "operator", counted(metering.quarantined)),
        Room(
            "suppliers",
            _("Suppliers of eSIMs"),
            count=counted(suppliers.open_claims, suppliers.troubles),
        ),
    ),
    _("The desk itself"): (
        Room("reports", _("Refunds in figures")),
        Room("replies", _("Saved replies")),
        Room("channels", _("Channels and fakes"), "operator", counted(channels.waiting_reports)),
        Room("brand", _("The brand"), "operator"),
        Room("plans", _("Plans"), "operator"),
        Room("packs", _("Terms and refund packs"), "operator"),
        Room("tariffs", _("Local SIM prices"), "operator"),
        Room("team", _("The team"), "operator"),
    ),
}


def doors(staff_user_id: int, *, now: datetime) -> list[tuple[str | Promise, list[Door]]]:
    """The rooms that this colleague may enter, by subject, each with what waits there now."""
    member = customers.staff_member(staff_user_id)
    if member is None:
        return []
    rank = ROLES.index(member.role)
    return [
        (
            subject,
            [door(room, staff_user_id, now) for room in rooms if rank >= ROLES.index(room.role)],
        )
        for subject, rooms in ROOMS.items()
    ]


def first_due(rooms: list[tuple[str | Promise, list[Door]]], zone: tzinfo) -> list[Door]:
    """Every queue in which something waits: by its first deadline, then those without a clock.

    zone: where a last day ends.
    """

    def end_of(door: Door) -> tuple[bool, datetime]:
        by = door.waiting.by if door.waiting else None
        if by is None:
            return True, datetime.min.replace(tzinfo=zone)
        if not isinstance(by, datetime):
            by = datetime.combine(by, time.max, zone)
        return False, by

    waiting = [door for _subject, doors in rooms for door in doors]
    return sorted((one for one in waiting if one.waiting and one.waiting.count), key=end_of)


def door(room: Room, staff_user_id: int, now: datetime) -> Door:
    waiting = room.count(staff_user_id, now) if room.count else None
    return Door(f"desk:{room.view}", room.title, waiting)
