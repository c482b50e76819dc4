"""Exact money: whole minor units of one ISO 4217 currency, and rounding that is said aloud."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

# ISO 4217 where a currency does not have two minor digits. CLDR (and so Babel) differs on
# purpose: it knows how prices are shown, not what the minor unit is.
_WITHOUT_DIGITS = {
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
}
_WITH_THREE_DIGITS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


@cache
def known_currencies() -> frozenset[str]:
    """Every ISO 4217 code that is or was legal tender somewhere: orders outlive currencies."""
    from babel.core import get_global

    return frozenset(
        code
        for currencies in get_global("territory_currencies").values()
        for code, _since, _until, is_tender in currencies
        if is_tender
    )


def minor_digits(currency: str) -> int:
    """How many decimal digits the minor unit of an ISO 4217 currency has: EUR 2, JPY 0, KWD 3."""
    if currency in _WITHOUT_DIGITS:
        return 0
    return 3 if currency in _WITH_THREE_DIGITS else 2


class CurrencyMismatch(TypeError):
    """Two amounts of different currencies cannot be added or compared: a bug of the caller."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount: `minor` units (cents, yen, fils) of one ISO 4217 `currency`."""

    minor: int
    currency: str

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0


def share_by_weight(whole: int, weights: list[int]) -> list[int]:
    """Divide `whole` (0 or more) by `weights` (0 or more, not all 0); the parts add up to `whole`.

    Largest remainder; ties go to the earlier part, so that the same call gives the same parts.
    """
    total = sum(weights)
    assert whole >= 0
    assert total > 0
    parts = [whole * weight // total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % total), i))
    for i in by_remainder[: whole - sum(parts)]:
        parts[i] += 1
    return parts
