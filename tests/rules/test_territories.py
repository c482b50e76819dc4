"""Countries are called as people call them, in each language."""

from __future__ import annotations

import pytest
from babel import Locale

from fairroam.rules.territories import SHORT, territory_name


@pytest.mark.parametrize(
    ("code", "locale", "name"),
    [
        ("HK", "en", "Hong Kong"),
        ("HK", "en_GB", "Hong Kong"),
        ("HK", "zh_Hans_CN", "香港"),
        ("MO", "zh_Hans_CN", "澳门"),
        ("MO", "zh_Hant_TW", "澳門"),
        ("DE", "zh_Hans_CN", "德国"),
        ("DE", "en", "Germany"),
        ("XX", "en", "XX"),
    ],
)
def test_a_country_has_the_name_that_people_look_for(code, locale, name):
    assert territory_name(code, Locale.parse(locale)) == name


def test_short_names_stand_only_where_the_long_one_says_more():
    for spoken, names in SHORT.items():
        in_full = Locale.parse(spoken).territories
        assert {code: name for code, name in names.items() if name not in in_full[code]} == {}
        assert {code for code, name in names.items() if name == in_full[code]} == set()
