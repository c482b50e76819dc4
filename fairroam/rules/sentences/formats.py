"""How a field of the chain is written for people: by its name, in their language and zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, get_timezone_location
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern
from babel.units import format_unit
from msgspec import Struct

from fairroam.rules.money import minor_digits
from fairroam.rules.sentences import Language

_SECONDS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_GIGABYTE, _MEGABYTE = 10**9, 10**6


class Voice(Struct, frozen=True):
    """A language and what the numbers of one chain need besides: its currency and zone."""

    language: Language
    locale: Locale
    currency: str
    zone: ZoneInfo

    def write(self, field: str, reason: Mapping[str, Any]) -> str:
        """One field of a reason in words. Raises KeyError for a field that is not known."""
        return WRITERS[field](self, reason[field], reason)

    def word(self, name: str) -> str:
        """The word for a name of ours, or the name itself when it is the shop's own."""
        return self.language.words.get(name, name)


Writer = Callable[[Voice, Any, Mapping[str, Any]], str]


def _money(voice: Voice, minor: int, _reason: Mapping[str, Any]) -> str:
    return price(minor, voice.currency, voice.locale)


@lru_cache(maxsize=4096)  # prices and what is due repeat: who pays many back writes few of them
def price(minor: int, currency: str, locale: Locale) -> str:
    """`minor` units of an ISO 4217 `currency`: 1999 EUR is "€19.99", 19 JPY "¥19".

    Below nothing it has a minus sign, as wide as a figure; CLDR's hyphen is hard to see.
    """
    digits = minor_digits(currency)
    exact = _pattern(locale, digits)
    amount = Decimal(minor).scaleb(-digits)
    written = str(exact.apply(amount, locale, currency=currency, currency_digits=False))
    return written.replace("-", "\N{MINUS SIGN}")


@cache
def _pattern(locale: Locale, digits: int) -> NumberPattern:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    return NumberPattern(
        pattern.pattern,
        pattern.prefix,
        pattern.suffix,
        pattern.grouping,
        pattern.int_prec,
        (digits, digits),  # of ISO 4217; CLDR shows some currencies with other digits
        pattern.exp_prec,
        pattern.exp_plus,
        pattern.number_pattern,
    )


def _day(voice: Voice, written: str, _reason: Mapping[str, Any]) -> str:
    return _date(voice, date.fromisoformat(written))


def _date(voice: Voice, day: date) -> str:
    return _written_day(voice.locale, voice.language.day, day)


@lru_cache(maxsize=4096)
def _written_day(locale: Locale, pattern: str, day: date) -> str:
    return format_date(day, pattern, locale=locale)


@cache
def _city(locale: Locale, zone: ZoneInfo) -> str:
    return get_timezone_location(zone, locale=locale, return_city=True)


def _moment(voice: Voice, written: str, _reason: Mapping[str, Any]) -> str:
    local = datetime.fromisoformat(written).astimezone(voice.zone)
    return _at(voice, local.date(), _clock(local))


def _end(voice: Voice, written: str, reason: Mapping[str, Any]) -> str:
    """An exclusive end: midnight is the end of the day before, 24:00."""
    local = datetime.fromisoformat(written).astimezone(voice.zone)
    if _clock(local) == "00:00":
        return _at(voice, local.date() - timedelta(days=1), "24:00")
    return _moment(voice, written, reason)


def _clock(local: datetime) -> str:
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def _at(voice: Voice, day: date, clock: str) -> str:
    city = _city(voice.locale, voice.zone)
    return voice.language.time.format(day=_date(voice, day), clock=clock, city=city)


def _share(voice: Voice, written: str, _reason: Mapping[str, Any]) -> str:
    return _percent(voice.locale, written)


@lru_cache(maxsize=4096)
def _percent(locale: Locale, written: str) -> str:
    share = Fraction(written)
    exact = Decimal(share.numerator) / Decimal(share.denominator)
    return format_percent(exact, "#,##0.##%", locale=locale)


def _duration(voice: Voice, seconds: int, _reason: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for unit, length in _SECONDS:
        count, seconds = divmod(seconds, length)
        if count or (unit == "second" and not parts):
            parts.append(_unit(voice, count, unit))
    return voice.language.space.join(parts)


def _unit(voice: Voice, count: int, unit: str) -> str:
    return _counted(voice.locale, count, unit).replace(" ", voice.language.space)


@lru_cache(maxsize=1024)
def _counted(locale: Locale, count: int, unit: str) -> str:
    return str(format_unit(count, f"duration-{unit}", "short", locale=locale))


def _quantity(voice: Voice, amount: int, reason: Mapping[str, Any]) -> str:
    if reason["kind"] == "data":
        return data(amount, voice.locale)
    if reason["kind"] == "voice":
        return _talk(voice, amount)
    return voice.language.sms.format(number=format_decimal(amount, locale=voice.locale))


def data(count: int, locale: Locale) -> str:
    """`count` bytes in GB (10**9 bytes) with two digits; below one in MB with one; few as bytes."""
    size = abs(count)
    if size >= _GIGABYTE or not size:
        return f"{format_decimal(Decimal(count) / _GIGABYTE, '#,##0.##', locale)} GB"
    if 10 * size >= _MEGABYTE:
        return f"{format_decimal(Decimal(count) / _MEGABYTE, '#,##0.#', locale)} MB"
    return f"{format_decimal(count, locale=locale)} B"


def _talk(voice: Voice, seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    parts = [_unit(voice, minutes, "minute")]
    if rest:
        parts.append(_unit(voice, rest, "second"))
    return voice.language.space.join(parts)


def _word(voice: Voice, name: str, _reason: Mapping[str, Any]) -> str:
    return voice.word(name)


def _plain(_voice: Voice, value: object, _reason: Mapping[str, Any]) -> str:
    return str(value)


def _writers(writer: Writer, fields: str) -> dict[str, Writer]:
    return dict.fromkeys(fields.split(), writer)


WRITERS: dict[str, Writer] = {
    **_writers(_money, "amount entitled retain fee asked due total held part tax basis paid"),
    **_writers(_money, "offer_cap"),
    **_writers(_moment, "declared_at activated_at restored_at first_usage_at"),
    **_writers(_end, "window_end deadline"),
    **_writers(_day, "pay_by last_day rolled_day"),
    **_writers(_share, "share used_share de_minimis full_from full_if_used_at_most"),
    **_writers(_share, "weight tax_rate"),
    **_writers(_duration, "lost_seconds min_seconds waited_seconds cure_seconds"),
    **_writers(_quantity, "used granted"),
    **_writers(_word, "activation missing cause method kind ground outcome"),
    **_writers(_plain, "pack tender steps steps_done currency zone"),
}
