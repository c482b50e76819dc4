"""How suppliers' answers are read: exact amounts, instants, eSIMs, waiting times."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from typing import TypeVar
from uuid import UUID

import msgspec

from fairroam.gateways.calls import Answered
from fairroam.gateways.identifiers import (
    BadIdentifier,
    normalise_iccid,
    parse_activation_code,
)
from fairroam.gateways.suppliers import (
    AnswerMismatch,
    AskLater,
    GatewayUnreachable,
    SupplierEsim,
)
from fairroam.rules.money import Money, minor_digits

WAIT_SECONDS_DEFAULT = 60
WAIT_SECONDS_MAX = 3600

Wanted = TypeVar("Wanted")


def decoded(answered: Answered, wanted: type[Wanted]) -> Wanted:
    """Return the body as `wanted`; numbers keep the digits they were written with.

    Raises GatewayUnreachable when it is anything else, AskLater when it says "too many".
    """
    if answered.status == 429:
        told = answered.headers.get("Retry-After", "")
        seconds = int(told) if told.isascii() and told.isdecimal() else WAIT_SECONDS_DEFAULT
        raise AskLater(min(max(seconds, 1), WAIT_SECONDS_MAX))
    try:
        return msgspec.json.decode(answered.body, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GatewayUnreachable(f"HTTP {answered.status}: {error}") from error


def exact_money(amount: Decimal, currency: str) -> Money:
    """Return an amount in whole units of `currency` (9.50 USD) as minor units.

    Raises AnswerMismatch where a part of a minor unit would be lost.
    """
    money = floor_money(amount, currency)
    if amount != Decimal(money.minor).scaleb(-minor_digits(currency)):
        raise AnswerMismatch(f"{amount} {currency} is not in whole minor units")
    return money


def floor_money(amount: Decimal, currency: str) -> Money:
    """Return the whole minor units in `amount`; what is smaller is left out."""
    if not amount.is_finite():
        raise GatewayUnreachable("an amount that is no number")
    minor = amount.scaleb(minor_digits(currency)).to_integral_value(ROUND_FLOOR)
    return Money(int(minor), currency)


def instant(told: str) -> datetime:
    """Read an instant; UTC where no zone is named. Raises GatewayUnreachable."""
    try:
        moment = datetime.fromisoformat(told)
    except ValueError as error:
        raise GatewayUnreachable("an instant that is none") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def esim(*, ref: str, iccid: str, activation_code: str) -> SupplierEsim:
    """Return an eSIM as handed over. Raises GatewayUnreachable."""
    try:
        return SupplierEsim(
            ref=ref,
            iccid=normalise_iccid(iccid),
            activation=parse_activation_code(activation_code),
        )
    except BadIdentifier as error:
        raise GatewayUnreachable(f"eSIM {ref}: {error.code}") from error


def known_iccid(told: str) -> str:
    """Return the ICCID in an event, "" where there is none."""
    try:
        return normalise_iccid(told)
    except BadIdentifier:
        return ""


def known_key(told: str) -> UUID | None:
    """Return our key in an event, None where there is none of ours."""
    try:
        return UUID(told)
    except ValueError:
        return None
