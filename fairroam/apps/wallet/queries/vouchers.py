"""Reads of vouchers: how long one counts, who bought which, and what of them is owed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum

from fairroam.apps.payments.models import Dispute
from fairroam.apps.wallet.models import Lot, Voucher
from fairroam.rules.calendars import next_working_day
from fairroam.rules.zones import end_of_day, load_zone, local_date

# Three whole years after the end of the year in which it was paid: as long as claims last in
# Germany (sections 195 and 199 BGB), the longest rule that the shop's countries ask for by law.
COUNTS_YEARS = 3
VOUCHER_RESTS = timedelta(hours=72)  # time for a bank's doubt before it can leave as money
WARN_BEFORE = timedelta(days=60)
# Lots that vouchers of others brought: they were redeemed in good faith.
GIVEN = Q(voucher__isnull=False) & ~Q(payment__customer_id=F("customer_id"))
# Directive 2011/83/EU, article 9; a last day that is no working day moves on: Regulation (EEC,
# Euratom) 1182/71, article 3(4).
WITHDRAWAL_DAYS = 14


def end_of(paid_at: datetime, zone: str) -> datetime:
    """When a voucher that was paid then ends, by the buyer's calendar; exclusive."""
    place = load_zone(zone)
    year = local_date(paid_at, place).year + COUNTS_YEARS + 1
    return datetime(year, 1, 1, tzinfo=place).astimezone(UTC)


def withdrawn_until(paid_at: datetime, zone: str, residence: str) -> datetime:
    """Until when its buyer may take back a voucher that was paid then; exclusive."""
    place = load_zone(zone)
    last_day = local_date(paid_at, place) + timedelta(days=WITHDRAWAL_DAYS)
    return datetime.fromtimestamp(end_of_day(next_working_day(last_day, residence), place), UTC)


def vouchers() -> QuerySet[Voucher]:
    """Every voucher, newest first."""
    return Voucher.objects.select_related("redeemed_by", "buyer").order_by("-pk")


def bought_by(customer_id: int) -> QuerySet[Voucher]:
    """What the customer bought, newest first."""
    return vouchers().filter(buyer_id=customer_id).select_related("payment", "recipient")


def lost_of(payment_id: int) -> int:
    """How much of a payment banks have taken back for good; minor units."""
    lost = Dispute.objects.filter(payment_id=payment_id, stage="lost")
    return lost.aggregate(minor=Sum("amount_minor"))["minor"] or 0


def paid_by(payment_ids: Iterable[int]) -> dict[int, Voucher]:
    """Payment -> the voucher that it paid."""
    found = Voucher.objects.filter(payment_id__in=list(payment_ids)).select_related("redeemed_by")
    return {one.payment_id: one for one in found if one.payment_id is not None}


def part_lost(vouchers: Iterable[Voucher]) -> dict[int, int]:
    """Voucher -> what banks left of its payment, where they took a part and a person decides."""
    still_open = {one.payment_id: one for one in vouchers if one.stage == "open"}
    doubts: dict[int, list[Dispute]] = {}
    for dispute in Dispute.objects.filter(payment_id__in=list(still_open)).exclude(stage="won"):
        doubts.setdefault(dispute.payment_id, []).append(dispute)
    left = {
        still_open[payment_id].pk: left_of(still_open[payment_id], found)
        for payment_id, found in doubts.items()
    }
    return {voucher_id: minor for voucher_id, minor in left.items() if minor > 0}


def left_of(voucher: Voucher, doubts: list[Dispute]) -> int:
    """That of one voucher; 0 while a bank still looks, or where a person let it count since."""
    if any(one.ended_at is None for one in doubts):
        return 0
    upheld_at = voucher.upheld_at
    if upheld_at and all(one.ended_at and one.ended_at <= upheld_at for one in doubts):
        return 0
    return voucher.amount_minor - sum(one.amount_minor for one in doubts)


def own(customer_id: int, key: UUID) -> Voucher | None:
    """A voucher of the buyer's own, by the key of its payment."""
    return bought_by(customer_id).filter(payment__key=key).first()


def owed(now: datetime) -> list[tuple[str, int, int]]:
    """Per currency what was sold and not redeemed: (currency, all of it, of it past its end).

    Never income by itself: it stays a debt until somebody redeems it or the law says otherwise.
    """
    found = (
        Voucher.objects.filter(kind="paid", stage="open").values("currency").order_by("currency")
    )
    sums = found.annotate(
        all=Sum("amount_minor"), late=Sum("amount_minor", filter=Q(counts_until__lte=now))
    )
    return [(row["currency"], row["all"], row["late"] or 0) for row in sums]


def unredeemed_of(customer_id: int) -> list[tuple[str, int]]:
    """Per currency what the customer bought and nobody has redeemed."""
    open_ones = Voucher.objects.filter(buyer_id=customer_id, stage="open")
    sums = open_ones.values("currency").order_by("currency").annotate(minor=Sum("amount_minor"))
    return [(row["currency"], row["minor"]) for row in sums]


def resting(customer_id: int, currency: str, now: datetime) -> list[tuple[int, datetime]]:
    """What of others' vouchers cannot leave as money yet, oldest first: (minor, until when)."""
    lots = Lot.objects.filter(
        customer_id=customer_id,
        currency=currency,
        kind="paid",
        is_live=True,
        voucher__isnull=False,
        made_at__gt=now - VOUCHER_RESTS,
    )
    others = lots.exclude(payment__customer_id=customer_id).order_by("pk")
    return [(lot.left_minor - lot.reserved_minor, lot.made_at + VOUCHER_RESTS) for lot in others]


def figures(customer_id: int, *, until: datetime) -> list[tuple[str, str, int]]:
    """(currency, code, signed minor units) of an account's sums: bought, given away, received.

    What was taken back is in the book of what is owed.
    """
    found = []
    for sold in Voucher.objects.filter(buyer_id=customer_id, paid_at__lte=until):
        found.append((sold.currency, "PAID_IN", sold.amount_minor))
        if sold.stage != "withdrawn":
            found.append((sold.currency, "GIVEN_AWAY", -sold.amount_minor))
    received = Lot.objects.filter(customer_id=customer_id, kind="paid", voucher__isnull=False)
    for lot in received.filter(made_at__lte=until):
        found.append((lot.currency, "RECEIVED", lot.amount_minor))
    return found


HELD = """
    SELECT coalesce(held.currency, sold.currency), coalesce(held.minor, 0), coalesce(sold.minor, 0)
    FROM (SELECT b.currency, sum(CASE WHEN t.target_id = b.id THEN t.minor ELSE -t.minor END)
              AS minor
          FROM ledger_book b JOIN ledger_transfer t ON b.id IN (t.source_id, t.target_id)
          WHERE b.kind = 'vouchers' GROUP BY 1) held
    FULL JOIN (SELECT currency, sum(amount_minor) AS minor FROM wallet_voucher
               WHERE kind = 'paid' AND stage = 'open' GROUP BY 1) sold
    ON sold.currency = held.currency
    WHERE coalesce(held.minor, 0) <> coalesce(sold.minor, 0)
"""


def find_faults() -> Iterator[str]:
    """What the book of vouchers holds is what was sold and not redeemed."""
    with connection.cursor() as cursor:
        cursor.execute(HELD)
        for currency, held, meant in cursor.fetchall():
            yield f"{held} {currency} are held for vouchers, and {meant} are sold and not redeemed"
