"""Pay from the wallet: reserved when an order is placed, captured with it, or given free again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from fairroam.apps.wallet.models import Lot, Move, Spending
from fairroam.apps.wallet.operations.lots import change, keep, lock_lots, lock_these
from fairroam.apps.wallet.queries import parts_of, usable

# A gift that comes back after its end is good for so long again.
RETURNED_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Piece:
    """What one lot gives to a spending; minor units."""

    lot_id: int
    kind: str
    minor: int


def plan_spending(
    *, customer_id: int, currency: str, most_minor: int, now: datetime
) -> list[Piece]:
    """Lock the customer's lots and say what of them pays up to `most_minor`, as they burn.

    The customer's row is locked. Nothing is written: `reserve` does that.
    """
    locked = lock_lots(customer_id, currency)
    free_ids = set(
        Lot.objects.filter(usable(now), pk__in=[lot.pk for lot in locked]).values_list(
            "pk", flat=True
        )
    )
    lots = [lot for lot in locked if lot.pk in free_ids]
    minor = min(most_minor, sum(lot.left_minor - lot.reserved_minor for lot in lots))
    if not minor:
        return []
    parts = parts_of(lots, minor, customer_id=customer_id, currency=currency, now=now)
    return [Piece(lot.pk, lot.kind, part) for lot, part in parts]


@transaction.atomic
def reserve(*, cause: str, pieces: Sequence[Piece]) -> None:
    """Keep these pieces for one thing. The database refuses more than a lot has left."""
    lots = lock_these(piece.lot_id for piece in pieces)
    for piece in pieces:
        keep(lots[piece.lot_id], piece.minor)
        Spending.objects.create(lot_id=piece.lot_id, cause=cause, amount_minor=piece.minor)


@transaction.atomic
def reserve_again(*, causes: Sequence[str], now: datetime) -> bool:
    """Reserve once more what was given free, all of it or nothing; whether it could be."""
    released = Spending.objects.filter(cause__in=causes, stage="released").order_by("pk")
    spendings = list(released)
    lots = lock_these(spending.lot_id for spending in spendings)
    free_ids = set(Lot.objects.filter(usable(now), pk__in=lots).values_list("pk", flat=True))
    wanted: dict[int, int] = {}
    for spending in spendings:
        wanted[spending.lot_id] = wanted.get(spending.lot_id, 0) + spending.amount_minor
    for lot_id, minor in wanted.items():
        lot = lots[lot_id]
        if lot_id not in free_ids or lot.left_minor - lot.reserved_minor < minor:
            return False
    for spending in spendings:
        keep(lots[spending.lot_id], spending.amount_minor)
    released.update(stage="reserved")
    return True


@transaction.atomic
def release(*, causes: Sequence[str]) -> None:
    """Let what was reserved be free again. Safe to repeat."""
    for spending, lot in reserved(causes):
        keep(lot, -spending.amount_minor)
        Spending.objects.filter(pk=spending.pk).update(stage="released")


@transaction.atomic
def capture(*, cause: str, now: datetime) -> dict[str, int]:
    """Spend what was reserved for one thing; minor units by kind of credit.

    The caller books it: out of the books of credit, in the same transaction.
    """
    spent: dict[str, int] = {}
    for spending, lot in reserved([cause]):
        minor = spending.amount_minor
        keep(lot, -minor)
        change(lot, -minor, cause, now)
        Spending.objects.filter(pk=spending.pk).update(stage="captured")
        spent[lot.kind] = spent.get(lot.kind, 0) + minor
    return spent


def reserved(causes: Sequence[str]) -> list[tuple[Spending, Lot]]:
    """The reserved spendings of these causes, each with its locked lot."""
    found = Spending.objects.filter(cause__in=causes, stage="reserved").order_by("pk")
    spendings = list(found)
    lots = lock_these(spending.lot_id for spending in spendings)
    # Read again: another one may have ended them before we had the locks.
    return [(spending, lots[spending.lot_id]) for spending in found.all()]


@transaction.atomic
def give_back(*, cause: str, kind: str, minor: int, why: str, now: datetime) -> None:
    """Put `minor` of what was spent for `cause` back into the lots it came from, last first.

    why: the act, such as "refund:4"; it names the moves. The books are the caller's.
    """
    spendings = Spending.objects.filter(cause=cause, stage="captured", lot__kind=kind)
    lots = lock_these(spendings.values_list("lot_id", flat=True))
    for spending in spendings.all().order_by("-pk"):
        part = min(minor, spending.amount_minor - spending.returned_minor)
        if not part:
            continue
        lot = lots[spending.lot_id]
        change(lot, part, f"{why}/{cause}", now)
        Spending.objects.filter(pk=spending.pk).update(returned_minor=F("returned_minor") + part)
        if lot.expires_at is not None and lot.expires_at < now + RETURNED_LASTS:
            Lot.objects.filter(pk=lot.pk).update(expires_at=now + RETURNED_LASTS)
        minor -= part
    assert minor == 0, f"{why} gives back more than was spent for {cause}"


@dataclass(frozen=True, slots=True)
class Return:
    """What goes back of one spending: as the words of `give_back`."""

    cause: str
    kind: str
    minor: int
    why: str


@transaction.atomic
def give_back_each(returns: Sequence[Return], *, now: datetime) -> None:
    """As `give_back`, for thousands; none of them returns twice to the same cause and kind."""
    causes = {each.cause for each in returns}
    spendings = Spending.objects.filter(cause__any_of=causes, stage="captured")
    lots = lock_these(spendings.values_list("lot_id", flat=True))
    spent: dict[tuple[str, str], list[Spending]] = {}
    for spending in spendings.all().order_by("-pk"):
        spent.setdefault((spending.cause, lots[spending.lot_id].kind), []).append(spending)
    moves, changed = [], []
    for each in returns:
        minor = each.minor
        for spending in spent.get((each.cause, each.kind), ()):
            part = min(minor, spending.amount_minor - spending.returned_minor)
            if not part:
                continue
            lot = lots[spending.lot_id]
            put_back(lot, part, now)
            spending.returned_minor += part
            changed.append(spending)
            why = f"{each.why}/{each.cause}"
            moves.append(Move(lot=lot, minor=part, cause=why, moved_at=now))
            minor -= part
        assert minor == 0, f"{each.why} gives back more than was spent for {each.cause}"
    touched = {move.lot_id: lots[move.lot_id] for move in moves}.values()
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP_LOTS,
            [
                [lot.pk for lot in touched],
                [lot.left_minor for lot in touched],
                [lot.expires_at for lot in touched],
            ],
        )
        cursor.execute(
            KEEP_SPENDINGS,
            [[each.pk for each in changed], [each.returned_minor for each in changed]],
        )
    Move.objects.bulk_create(moves)


# Lots and spendings as `give_back_each` left them; what comes back makes a lot live.
KEEP_LOTS = """
    UPDATE wallet_lot lot
    SET left_minor = kept.left_minor, is_live = true, expires_at = kept.expires_at
    FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
        AS kept (id, left_minor, expires_at) WHERE lot.id = kept.id
"""
KEEP_SPENDINGS = """
    UPDATE wallet_spending spending SET returned_minor = kept.returned_minor
    FROM unnest(%s::bigint[], %s::bigint[]) AS kept (id, returned_minor)
    WHERE spending.id = kept.id
"""


def put_back(lot: Lot, minor: int, now: datetime) -> None:
    """Count `minor` into a locked lot, unsaved; a gift is good for a while again."""
    lot.left_minor += minor
    lot.is_live = True
    if lot.expires_at is not None:
        lot.expires_at = max(lot.expires_at, now + RETURNED_LASTS)
