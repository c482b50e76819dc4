"""A signed decision computed again: do the rules give what is on paper?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fairroam.proof.canonical import canonical
from fairroam.proof.statements import Difference

COMPUTABLE = {"facts", "packs", "result"}
# The chain may grow and zone and holiday data may be newer; the numbers are what was promised.
NOT_COMPARED = {"reasons", "versions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputation:
    """What the rules say today about the facts and packs of a signed decision.

    differences: `signed` is on paper, `written` was computed. due, extra: amounts in words;
    extra is what a person added.
    """

    differences: tuple[Difference, ...]
    versions: Difference
    due: str = ""
    extra: str = ""


def recompute(
    statement: dict[str, Any], answer: Callable[[Any, Any], dict[str, Any]]
) -> Recomputation | None:
    """Compute a signed decision again; None when the statement holds none.

    answer: what the rules say to (facts, packs), as JSON.
    """
    if not statement.keys() >= COMPUTABLE:
        return None
    stated = statement["result"]
    computed = answer(statement["facts"], statement["packs"])
    names = sorted((stated.keys() | computed.keys()) - NOT_COMPARED)
    compared = [_compared(name, stated, computed) for name in names]
    versions = [side.get("versions", {}) for side in (stated, computed)]
    compared.append(_compared("packs", *versions))
    total = statement["total"]
    extra = total["minor"] - stated["due"]
    if extra < 0:
        compared.append(_compared("total", {"total": total["minor"]}, {"total": stated["due"]}))
    return Recomputation(
        differences=tuple(one for one in compared if one.signed != one.written),
        versions=_compared("versions", stated, computed),
        due=amount_in_words(total | {"minor": stated["due"]}),
        extra=amount_in_words(total | {"minor": extra}) if extra > 0 else "",
    )


def amount_in_words(amount: dict[str, Any]) -> str:
    """A statement's amount for anybody's eyes: "21.48 EUR"."""
    return f"{Decimal(amount['minor']).scaleb(-amount['exponent'])} {amount['currency']}"


def _compared(name: str, stated: dict[str, Any], computed: dict[str, Any]) -> Difference:
    signed, written = (
        canonical(side[name]).decode() if name in side else "" for side in (stated, computed)
    )
    return Difference(name, signed, written)
