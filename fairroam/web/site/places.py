"""Countries as people choose and search them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any
from unicodedata import normalize

from babel import Locale
from babel.core import get_global
from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_countries import countries as iso

from fairroam.rules.languages import language_of
from fairroam.rules.residences import zones_by_country
from fairroam.rules.territories import territory_name
from fairroam.rules.traditional import in_traditional
from fairroam.web.components import formats

NEAR_LETTERS = 4  # of fewer letters nobody can tell what was meant
NEAR_ENOUGH = 0.8  # of 1: two letters changed places in five, or one is wrong

# Parts of countries that people name instead of these, and that no time zone is named after.
PARTS = {
    **dict.fromkeys(("england", "scotland", "wales", "英格兰", "苏格兰", "威尔士"), "GB"),
    **dict.fromkeys(("英格蘭", "蘇格蘭", "威爾斯"), "GB"),
    **dict.fromkeys(("bali", "巴厘岛", "峇里島", "balidao"), "ID"),
    **dict.fromkeys(("hawaii", "夏威夷", "xiaweiyi"), "US"),
    "holland": "NL",
}

# What GB 2312 counts as rare, by a common character of the same sound.
SAME_SOUND = str.maketrans({"梵": "凡", "斐": "非", "瑙": "脑"})


def place_in_list(name: str, language: str) -> bytes:
    """Where people look for a name: by its letters, in Chinese by its pinyin or its strokes.

    The common characters of GB 2312 stand in the order of their pinyin, those of Big5 in that of
    their strokes.
    """
    if language_of(language) == "zh-Hans":
        return name.translate(SAME_SOUND).encode("gb18030")
    if language_of(language) == "zh-Hant":
        return name.encode("big5", "replace")
    return normalize("NFD", name).encode("ascii", "ignore").lower()


@cache
def residences(language: str) -> tuple[tuple[str, str], ...]:
    """Every country we know a time zone for, as (code, name), in the order of the names."""
    named = [(code, formats.country_name(code, language)) for code in zones_by_country()]
    return tuple(sorted(named, key=lambda pair: place_in_list(pair[1], language)))


class CountrySelect(forms.Select):
    """A list to choose a country from. Its 250 rows are written once for each choice made."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The list as Django's own template has it, without asking that for each row."""
        attributes = {"name": name} | self.build_attrs(self.attrs, attrs)
        rows = options(tuple((code, str(words)) for code, words in self.choices), str(value or ""))
        return format_html("<select{}>\n{}</select>", flatatt(attributes), rows)


@lru_cache(maxsize=1024)
def options(choices: tuple[tuple[str, str], ...], chosen: str) -> SafeString:
    """The rows of a list, the chosen one marked."""
    row, chosen_row = '<option value="{}">{}</option>', '<option value="{}" selected>{}</option>'
    rows = [format_html(chosen_row if one[0] == chosen else row, *one) for one in choices]
    return format_html_join("\n", "{}", [(each,) for each in rows])


def in_order_of_names(codes: Iterable[str], language: str) -> list[str]:
    """The same codes, sorted as their names are."""
    return sorted(
        codes, key=lambda code: place_in_list(formats.country_name(code, language), language)
    )


def is_residence(code: str) -> bool:
    """Whether we know this country."""
    return code in zones_by_country()


def is_about(search: str, names: Iterable[str], countries: Iterable[str]) -> bool:
    """Whether `search` is part of one of the names, or means one of the countries.

    An empty search is about everything.
    """
    wanted = search.strip().casefold()
    meant = found(search)
    return any(wanted in name.casefold() for name in names) or any(
        code in meant for code in countries
    )


def found(search: str) -> list[str]:
    """The countries that `search` may mean.

    Those named so; else those with a city named so, or that begin so; else with it in the name.
    """
    wanted = " ".join(search.split()).casefold().replace("臺", "台")
    if not wanted:
        return []
    names = {code: names_of(code) for code in zones_by_country()}
    named = [code for code, texts in names.items() if wanted in texts]
    inside = [code for place, code in places_inside().items() if place == wanted]
    begin = [
        code for code, texts in names.items() if any(text.startswith(wanted) for text in texts)
    ]
    is_letter = len(wanted) == 1 and wanted.isascii()
    hold = [code for code, texts in names.items() if any(wanted in text for text in texts)]
    return named or list(dict.fromkeys([*inside, *begin])) or ([] if is_letter else hold)


@cache
def places_inside() -> dict[str, str]:
    """Cities and parts of countries as people type them, and their countries.

    The cities are those that time zones are named after, by CLDR, with the pinyin of the Chinese.
    """
    from pypinyin import lazy_pinyin

    inside = dict(PARTS)
    zones = {zone: code for zone, code in get_global("zone_territories").items() if "/" in zone}
    for locale in map(Locale.parse, ("en", "zh_Hans", "zh_Hant")):
        for zone, code in zones.items():
            city = locale.time_zones.get(zone, {}).get("city", zone.split("/")[-1]).casefold()
            if code in zones_by_country():
                inside.setdefault(city.replace("_", " "), code)
                inside.setdefault("".join(lazy_pinyin(city)), code)
    return inside


def near(search: str) -> list[str]:
    """The countries whose names in Latin letters `search` may be a slip of, the nearest first."""
    wanted = " ".join(search.split()).casefold()
    if not wanted.isascii() or len(wanted) < NEAR_LETTERS:
        return []
    named: dict[str, list[str]] = {}
    for code in zones_by_country():
        for text in names_of(code):
            if len(text) >= NEAR_LETTERS and abs(len(text) - len(wanted)) <= NEAR_LETTERS // 2:
                named.setdefault(text, []).append(code)
    close = get_close_matches(wanted, named, cutoff=NEAR_ENOUGH)
    return list(dict.fromkeys(code for text in close for code in named[text]))


@cache
def names_of(code: str) -> tuple[str, ...]:
    """All that people type for a country: its names, its codes, the pinyin of its Chinese name.

    So "日本", "ribenguo" and "rb", "uk" and "usa". Source of the names: CLDR.
    """
    # The tables of pinyin take half a second to read: only who searches waits for them.
    from pypinyin import Style, lazy_pinyin

    locales = [Locale.parse(name) for name in ("en", "zh_Hans", "zh_Hant", "zh_Hant_HK")]
    english, simplified, *traditional = (territory_name(code, one).casefold() for one in locales)
    in_full = (str(one.territories.get(code, code)).casefold() for one in locales)
    syllables = lazy_pinyin(simplified)
    initials = lazy_pinyin(simplified, style=Style.FIRST_LETTER)
    return (
        *(english, "".join(word[0] for word in english.replace("&", "").split())),
        *(simplified, in_traditional(simplified), *traditional),
        *(" ".join(syllables), "".join(syllables), "".join(initials)),
        *(code.casefold(), iso.alpha3(code).casefold(), *in_full),
    )
