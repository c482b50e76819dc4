"""Countries by the names that people call them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

# CLDR's own short names (territory, alt="short"), which Babel leaves out, where the long one is
# no name that people look for in a list. Source: CLDR 47, common/main/{en,zh,zh_Hant}.xml.
SHORT = {
    "en": {"HK": "Hong Kong", "MO": "Macao"},
    "zh_Hans": {"HK": "香港", "MO": "澳门"},
    "zh_Hant": {"HK": "香港", "MO": "澳門"},
}


def territory_name(code: str, locale: Locale) -> str:
    """The name of an ISO 3166 country in the language of `locale`; the code where it has none."""
    spoken = f"{locale.language}_{locale.script}" if locale.script else locale.language
    return str(SHORT.get(spoken, {}).get(code) or locale.territories.get(code, code))
