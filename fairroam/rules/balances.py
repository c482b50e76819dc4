"""What is left of a wallet when its owner leaves: money paid in comes back, gifts end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairroam.rules.records import is_count
from fairroam.rules.refusals import BadFacts

BURNS = ("promo_first", "paid_first", "ratio")


def balance(topups: Sequence[Mapping[str, Any]], spent: int, burn: str) -> dict[str, int]:
    """Split the rest of a wallet into `cash` to pay back and `promo_lost`, in minor units.

    topups: `{paid, bonus}` each; spent: in all, from both. burn: which was spent first,
    `promo_first`, `paid_first`, or both in their `ratio`, where cash is rounded up.
    Raises BadFacts.
    """
    paid, bonus = _sum(topups, "paid"), _sum(topups, "bonus")
    if not is_count(spent) or spent > paid + bonus:
        raise BadFacts("spent", "must be whole minor units, 0 up to all that was topped up")
    if burn not in BURNS:
        raise BadFacts("burn", f"must be one of {', '.join(BURNS)}")
    left = paid + bonus - spent
    if burn == "promo_first":
        cash = min(left, paid)
    elif burn == "paid_first":
        cash = max(paid - spent, 0)
    else:
        cash = -(-left * paid // (paid + bonus)) if left else 0
    return {"cash": cash, "promo_lost": left - cash}


def _sum(topups: Sequence[Mapping[str, Any]], column: str) -> int:
    if not isinstance(topups, list | tuple):
        raise BadFacts("topups", "must be a list")
    total = 0
    for topup in topups:
        if not isinstance(topup, Mapping) or topup.keys() != {"paid", "bonus"}:
            raise BadFacts("topups", "must hold objects with paid and bonus")
        if not is_count(topup[column]):
            raise BadFacts("topups", f"{column} must be whole minor units, 0 or more")
        total += topup[column]
    return total
