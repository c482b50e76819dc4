"""Which credit of a wallet is spent first: what was paid for, or what was given on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fairroam.rules.balances import BURNS

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """Credit of one origin. left: minor units that may be spent now, 0 or more."""

    id: int
    is_promo: bool
    left: int
    expires_at: datetime | None = None


def burn_parts(
    purses: Sequence[Purse], minor: int, burn: str, *, spent_paid: int = 0, spent_promo: int = 0
) -> list[tuple[int, int]]:
    """Divide a spending of `minor` over the purses: (id, minor units) of each that gives something.

    burn: one of BURNS. Promotional credit that ends first goes first, paid credit in the order in
    which it came. spent_*: what was spent before, for the ratio: it is kept over all spendings
    together, so that many small ones end where one large one does.
    """
    assert burn in BURNS
    paid = sorted((one for one in purses if not one.is_promo), key=lambda one: one.id)
    promo = sorted(
        (one for one in purses if one.is_promo), key=lambda one: (one.expires_at or _NEVER, one.id)
    )
    paid_left, promo_left = (sum(one.left for one in kind) for kind in (paid, promo))
    assert 0 <= minor <= paid_left + promo_left
    least, most = max(0, minor - promo_left), min(minor, paid_left)
    if burn == "promo_first":
        from_paid = least
    elif burn == "paid_first":
        from_paid = most
    else:
        paid_in, promo_in = paid_left + spent_paid, promo_left + spent_promo
        left = paid_left + promo_left - minor
        # What stays of the paid part is rounded up: the customer never loses a cent of it.
        stays = -(-left * paid_in // (paid_in + promo_in)) if left else 0
        from_paid = min(max(paid_left - stays, least), most)
    return [*_take(promo, minor - from_paid), *_take(paid, from_paid)]


def _take(purses: Sequence[Purse], minor: int) -> list[tuple[int, int]]:
    parts = []
    for purse in purses:
        part = min(minor, purse.left)
        if part:
            parts.append((purse.id, part))
            minor -= part
    assert minor == 0
    return parts
