"""Credit comes into a lot and leaves it: lot, history and book together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.wallet.models import Lot, Move, TopUp, Voucher
from fairroam.apps.wallet.queries import BOOKS


def book_of(customer_id: int, currency: str, kind: str) -> BookName:
    """The book whose sum a customer's lots of one kind and currency are."""
    return BookName(BOOKS[kind], currency, customer_id=customer_id)


@transaction.atomic
def open_lot(
    *,
    customer_id: int,
    kind: str,
    currency: str,
    minor: int,
    origin: str,
    cause: str,
    source: BookName,
    now: datetime,
    payment_id: int | None = None,
    top_up: TopUp | None = None,
    voucher: Voucher | None = None,
    expires_at: datetime | None = None,
) -> Lot:
    """Credit out of the book `source`, under an open account whose row the caller has locked.

    kind: "paid" with the payment it came in by, or "promo", which never becomes money again.
    """
    lot = Lot.objects.create(
        customer_id=customer_id,
        kind=kind,
        currency=currency,
        amount_minor=minor,
        left_minor=minor,
        origin=origin,
        payment_id=payment_id,
        top_up=top_up,
        voucher=voucher,
        expires_at=expires_at,
        made_at=now,
    )
    Move.objects.create(lot=lot, minor=minor, cause=cause, moved_at=now)
    target = book_of(customer_id, currency, kind)
    ledger.post([Entry(f"lot:{lot.pk}", minor, source, target)], now=now)
    return lot


def lock_lots(customer_id: int, currency: str, which: Q | None = None) -> list[Lot]:
    """Lock the customer's lots in which something is left, ids ascending, until the end."""
    lots = Lot.objects.select_for_update(no_key=True, of=("self",)).filter(
        which or Q(), customer_id=customer_id, currency=currency, is_live=True
    )
    return list(lots.order_by("pk"))


def lock_these(lot_ids: Iterable[int]) -> dict[int, Lot]:
    """Lock these lots, ids ascending, until the transaction ends."""
    lots = Lot.objects.select_for_update(no_key=True).filter(pk__in=set(lot_ids))
    return {lot.pk: lot for lot in lots.order_by("pk")}


def change(lot: Lot, minor: int, cause: str, now: datetime) -> None:
    """Move `minor` into a locked lot, or out of it below 0, and note why. Books: the caller."""
    lot.left_minor += minor
    lot.is_live = True if lot.left_minor else None
    Lot.objects.filter(pk=lot.pk).update(left_minor=F("left_minor") + minor, is_live=lot.is_live)
    Move.objects.create(lot=lot, minor=minor, cause=cause, moved_at=now)


def keep(lot: Lot, minor: int) -> None:
    """Keep so much more of a locked lot for what is not paid yet; below 0: less."""
    lot.reserved_minor += minor
    Lot.objects.filter(pk=lot.pk).update(reserved_minor=F("reserved_minor") + minor)


def take_parts(
    parts: Sequence[tuple[Lot, int]], *, cause: str, target: BookName, now: datetime
) -> None:
    """Take so much out of each locked lot and move it to the book `target`."""
    entries = []
    for lot, minor in parts:
        change(lot, -minor, cause, now)
        source = book_of(lot.customer_id, lot.currency, lot.kind)
        entries.append(Entry(f"lot:{lot.pk}/{cause}", minor, source, target))
    ledger.post(entries, now=now)


def end_gifts(lots: Sequence[Lot], *, cause: str, now: datetime, house: str = "goodwill") -> int:
    """End what is free of these locked promotional lots; how much, in minor units.

    It goes back to the house's book that gifts come out of: nobody ever paid for it.
    """
    parts = [
        (lot, lot.left_minor - lot.reserved_minor)
        for lot in lots
        if lot.left_minor > lot.reserved_minor
    ]
    assert all(lot.kind == "promo" for lot, _ in parts)
    for lot, minor in parts:
        take_parts([(lot, minor)], cause=cause, target=BookName(house, lot.currency), now=now)
    return sum(minor for _, minor in parts)


def owners_of_expired(now: datetime) -> list[int]:
    """Customers with a gift whose time is over and of which something is free."""
    late = Lot.objects.filter(
        kind="promo", is_live=True, expires_at__lte=now, left_minor__gt=F("reserved_minor")
    )
    return list(late.order_by("customer_id").values_list("customer_id", flat=True).distinct())


@transaction.atomic
def end_expired(*, customer_id: int, now: datetime) -> int:
    """End one customer's gifts whose time is over; how much. Safe to repeat.

    What an unpaid order holds ends when that order does.
    """
    customers.lock(customer_id)
    ended = 0
    late = Q(kind="promo", expires_at__lte=now)
    live = Lot.objects.filter(late, customer_id=customer_id, is_live=True)
    for currency in sorted(set(live.values_list("currency", flat=True))):
        lots = lock_lots(customer_id, currency, late)
        for lot in lots:
            ended += end_gifts([lot], cause=f"expired:{lot.pk}/{int(now.timestamp())}", now=now)
    if ended:
        journal.tell("wallet.gift_ended", actor="system", now=now, customer_id=customer_id)
    return ended


@transaction.atomic
def forfeit_gifts(*, customer_id: int, cause: str, now: datetime) -> dict[str, int]:
    """End every gift of an account that closes; minor units per currency. The row is locked."""
    ended: dict[str, int] = {}
    live = Lot.objects.filter(customer_id=customer_id, is_live=True, kind="promo")
    for currency in sorted(set(live.values_list("currency", flat=True))):
        lots = lock_lots(customer_id, currency, Q(kind="promo"))
        ended[currency] = end_gifts(lots, cause=cause, now=now, house="breakage")
    return ended


@transaction.atomic
def give(
    *,
    customer_id: int,
    currency: str,
    minor: int,
    origin: str,
    cause: str,
    days: int,
    now: datetime,
) -> Lot:
    """Give a customer promotional credit for some days. Raises AccountClosed, AccountLeaving."""
    customers.lock_for_new(customer_id)
    return open_lot(
        customer_id=customer_id,
        kind="promo",
        currency=currency,
        minor=minor,
        origin=origin,
        cause=cause,
        source=BookName("goodwill", currency),
        expires_at=now + timedelta(days=days),
        now=now,
    )
