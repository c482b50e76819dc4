"""Amounts, instants, days and names as people of one language write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, get_timezone_location
from babel.numbers import (
    format_decimal,
    format_percent,
    get_currency_name,
)
from babel.units import format_unit

from fairroam.rules.languages import language_of
from fairroam.rules.sentences import Language, load_language
from fairroam.rules.sentences import formats as sentences
from fairroam.rules.territories import territory_name

MESSAGES = {"en": "{} SMS", "zh-Hans": "{}条短信", "zh-Hant": "{}則簡訊"}
ZONES = {"en": "{} time", "zh-Hans": "{}时间", "zh-Hant": "{}時間"}
INSTANTS = {
    "en": "{day}, {clock}, {zone}",
    "zh-Hans": "{day} {clock}（{zone}）",
    "zh-Hant": "{day} {clock}（{zone}）",
}
LOCALES = {"en": "en", "zh-Hans": "zh_Hans_CN", "zh-Hant": "zh_Hant_TW"}


@cache
def locale_of(language: str) -> Locale:
    """The Babel locale of one of our languages; English for any other."""
    return Locale.parse(LOCALES[language_of(language)])


def _words(language: str) -> Language:
    return load_language(language_of(language))


@lru_cache(maxsize=4096)  # a mail to everybody says the same few amounts and days
def money(minor: int, currency: str, language: str) -> str:
    """`minor` units of an ISO 4217 `currency`, as in the reasons of a decision."""
    return sentences.price(minor, currency, locale_of(language))


def gigabytes(count: int, language: str) -> str:
    """`count` bytes in GB (10**9 bytes) or MB, as in the reasons of a decision."""
    return sentences.data(count, locale_of(language))


@lru_cache(maxsize=4096)
def allowance(count: int, kind: str, language: str) -> str:
    """What an allowance of `kind` counts: bytes as GB, seconds as begun minutes, messages."""
    if kind == "data":
        return gigabytes(count, language)
    locale = locale_of(language)
    if kind == "voice":
        return str(format_unit(-(-count // 60), "duration-minute", "short", locale=locale))
    return MESSAGES[language_of(language)].format(format_decimal(count, locale=locale))


def percent(share: Fraction, language: str) -> str:
    """An exact share as percent with up to two digits: 1/1000 is "0.1%"."""
    exact = Decimal(share.numerator) / share.denominator
    return format_percent(exact, "#,##0.##%", locale_of(language))


@lru_cache(maxsize=4096)
def day(value: date, language: str) -> str:
    """A day with its weekday: "Mon 16 March 2026", "2026年3月16日周一"."""
    return format_date(value, _words(language).day, locale=locale_of(language))


def plain_day(value: date, language: str) -> str:
    """A day without its weekday, for where a fact comes from: "16 March 2026", "2026年3月16日"."""
    pattern = _words(language).day.replace("EEE", "").strip()
    return format_date(value, pattern, locale=locale_of(language))


def short_day(value: date, language: str) -> str:
    """A day without its year, for narrow places: "Nov 10", "11月10日"."""
    return format_skeleton("MMMd", value, locale=locale_of(language))


def month(value: date, language: str) -> str:
    """A month with its year: "March 2026", "2026年3月"."""
    return format_skeleton("yMMMM", value, locale=locale_of(language))


@cache
def zone_name(zone: str, language: str) -> str:
    """The zone as people say it, by its city: "Berlin time", "柏林时间"."""
    place = get_timezone_location(ZoneInfo(zone), locale=locale_of(language), return_city=True)
    city = place.rpartition("/")[2]
    if city == "UTC":
        return city
    return ZONES[language_of(language)].format(city)


@lru_cache(maxsize=4096)
def instant(moment: datetime, zone: str, language: str) -> str:
    """An aware instant in `zone`, the zone named: "Mon 16 March 2026, 14:05, Berlin time"."""
    local = moment.astimezone(ZoneInfo(zone))
    return _joined(local.date(), f"{local:%H:%M}", zone, language)


def until(moment: datetime, zone: str, language: str) -> str:
    """The end of a period. Midnight is said as 24:00 of the day that it ends."""
    local = moment.astimezone(ZoneInfo(zone))
    if local.time() == time():
        return _joined(local.date() - timedelta(days=1), "24:00", zone, language)
    return instant(moment, zone, language)


def aware(value: datetime | str) -> datetime:
    """The instant in `value`, which may be RFC 3339 text out of a stored decision."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    assert moment.tzinfo is not None
    return moment.astimezone(UTC)


def country_name(code: str, language: str) -> str:
    """The name of an ISO 3166 country, also for a subdivision of it ("DE-BY")."""
    country = code.partition("-")[0]
    return territory_name(country, locale_of(language))


# What stands behind a full-width mark, whatever begins or ends within the line there.
INLINE = r"(?:</?(?:a|code|em|span|strong)\b[^>]*>)*"
GAP = re.compile(rf"(?<=[。！？：；，])({INLINE})[ \n]+")


def closed_up(html: str) -> str:
    """A page's text as Chinese sets it: its marks are as wide as the space that others type."""
    return GAP.sub(r"\1", html)


def in_a_row(sentences: Iterable[str], language: str) -> str:
    """Sentences that follow each other: Chinese sets no space behind its marks."""
    return (" " if language_of(language) == "en" else "").join(sentences)


def currency_name(code: str, language: str) -> str:
    """An ISO 4217 currency as people call it: "Euro", "人民币"."""
    return get_currency_name(code, locale=locale_of(language))


def _joined(on: date, clock_time: str, zone: str, language: str) -> str:
    return INSTANTS[language_of(language)].format(
        day=day(on, language), clock=clock_time, zone=zone_name(zone, language)
    )
