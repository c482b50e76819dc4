"""What is paid now: due, its split over the tenders, and the tax inside."""

from __future__ import annotations

from msgspec import Struct

from fairroam.rules.facts import Facts
from fairroam.rules.money import share_by_weight
from fairroam.rules.records import Tender
from fairroam.rules.refusals import AskedTooMuch
from fairroam.rules.tax import tax_inside_at


class Part(Struct, frozen=True, gc=False):
    """One tender's part of what is due; held while the tender is disputed."""

    tender: str
    amount: int
    held: bool


class Payment(Struct, frozen=True):
    """Minor units. refund + held = due = the sum of the parts; tax is inside `due`."""

    refund: int
    held: int
    due: int
    tax: int
    parts: tuple[tuple[Tender, int], ...]


def payment_of(entitled: int, facts: Facts) -> Payment:
    """Raises AskedTooMuch: what is asked for is granted whole or not at all."""
    paid_back = facts.refunded + facts.pending
    due = max(0, entitled - paid_back)
    if facts.asked is not None:
        if facts.asked > due:
            raise AskedTooMuch(due)
        due = facts.asked
    if not due:
        return Payment(0, 0, 0, 0, ())
    parts = _split(due, facts.tenders)
    held = sum(amount for tender, amount in parts if tender.disputed)
    # The tax of all refunds together is the tax of their sum: the last one closes it.
    tax = tax_inside_at(paid_back + due, facts.tax_rate) - tax_inside_at(paid_back, facts.tax_rate)
    return Payment(due - held, held, due, tax, parts)


def _split(due: int, tenders: list[Tender]) -> tuple[tuple[Tender, int], ...]:
    """In proportion to what is left of each tender; never more than that."""
    if len(tenders) == 1:
        return ((tenders[0], due),)
    amounts = share_by_weight(due, [tender.left for tender in tenders])
    return tuple(
        (tender, amount) for tender, amount in zip(tenders, amounts, strict=True) if amount
    )
