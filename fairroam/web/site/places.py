"""Countries as people choose and search them."""

from __future__ import annotations

from collections.abc import Iterable

from fairroam.rules.residences import zones_by_country
from fairroam.web.components import formats

LANGUAGES = ("en", "zh-Hans")


def residences(language: str) -> list[tuple[str, str]]:
    """Every country we know a time zone for, as (code, name), in the order of the names."""
    named = [(code, formats.country_name(code, language)) for code in zones_by_country()]
    return sorted(named, key=lambda pair: pair[1])


def in_order_of_names(codes: Iterable[str], language: str) -> list[str]:
    """The same codes, sorted as their names are."""
    return sorted(codes, key=lambda code: formats.country_name(code, language))


def is_residence(code: str) -> bool:
    """Whether we know this country."""
    return code in zones_by_country()


def is_about(search: str, names: Iterable[str], countries: Iterable[str]) -> bool:
    """Whether `search` is part of one of the names, or of a country's name in a language of ours.

    An empty search is about everything; two letters also find the country of that code.
    """
    wanted = search.strip().casefold()
    codes = list(countries)
    texts = [*names]
    texts += [formats.country_name(code, language) for code in codes for language in LANGUAGES]
    return wanted.upper() in codes or any(wanted in text.casefold() for text in texts)
