"""Reads of what was declared at the public doors."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet

from fairroam.apps.orders.models import Order
from fairroam.apps.refunds.models import Declaration
from fairroam.rules import stages

PAY_WITHIN_DAYS = 14  # Directive 2011/83/EU, article 13: the longest time any of our packs takes
WAITING = sorted({stage for stage, _ in stages.DECLARATION})


def declaration(declaration_id: int) -> Declaration:
    """The declaration of that id."""
    return Declaration.objects.select_related("order").get(pk=declaration_id)


def waiting_declarations() -> QuerySet[Declaration]:
    """What no mailbox and no sign-in stands behind yet, oldest first."""
    return Declaration.objects.filter(stage__in=WAITING).order_by("declared_at", "pk")


def named_orders(declarations: Iterable[Declaration]) -> dict[int, Order]:
    """Declaration -> the order that was named, if it belongs to the mailbox that was named."""
    wanted = {one.pk: (one.contract.strip().upper(), one.email.lower()) for one in declarations}
    found = Order.objects.filter(number__in=[number for number, _email in wanted.values()])
    known = {
        (order.number, order.customer.user.email.lower()): order
        for order in found.select_related("customer__user")
        if order.customer.user is not None
    }
    return {pk: known[named] for pk, named in wanted.items() if named in known}


def look_by(declared_at: datetime) -> datetime:
    """Until when a person looks: the end of that day at our office."""
    zone = ZoneInfo(settings.TIME_ZONE)
    day = declared_at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time.min, tzinfo=zone)
