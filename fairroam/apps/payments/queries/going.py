"""Money that has not arrived yet, for a list."""

from __future__ import annotations

from fairroam.apps.payments.queries.rows import ROWS, PayoutRow, payout_row

OVER = ("succeeded", "rerouted", "settled_by_chargeback")


def payouts_going_to(customer_id: int, *, most: int) -> list[PayoutRow]:
    """What is still on its way to the customer, at most so many, newest first."""
    going = ROWS.all().filter(customer_id=customer_id).exclude(stage__in=OVER)
    return [payout_row(row) for row in going.order_by("-id")[:most]]
