"""Every text in every language: none forgotten, none by halves, none written past them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from opencc import OpenCC

from fairroam.project import messages
from fairroam.project.messages import SIMPLIFIED, TRADITIONAL

# Written so in both, or Traditional for another word: 皇后, 公里, 只有, 批准, 干涉.
IN_BOTH = frozenset("后里只准台系面云干松表制于同谷回采游范刮并才杯尽志注秋折伙佣夸家吃群峰")


@cache
def _converter(name: str) -> OpenCC:
    return OpenCC(name)


def simplified_in(text: str) -> set[str]:
    """The characters of a text that only Simplified Chinese writes."""
    forth, back = _converter("s2t"), _converter("t2s")
    return {
        one for one in set(text) - IN_BOTH if forth.convert(one) != one and back.convert(one) == one
    }


def texts_of(path) -> Iterator[str]:
    for entry in messages.whole(path):
        if entry.id:
            yield from [entry.string] if isinstance(entry.string, str) else entry.string


@pytest.mark.promise(3)
@pytest.mark.parametrize("path", messages.catalogues(), ids=lambda path: path.parts[-3])
def test_no_text_is_missing_uncertain_or_with_other_places_to_fill(path):
    catalogue = messages.whole(path)

    assert messages.untranslated(path) == []
    assert [entry.id for entry in catalogue if entry.id and entry.fuzzy] == []
    assert [str(error) for _entry, errors in catalogue.check() for error in errors] == []


def test_a_text_is_found_wherever_it_stands():
    found = {(text, path.suffix) for (text, _context), path in messages.messages()}

    assert ("We cannot do that.", ".py") in found  # the sentence of a refusal
    assert ("Where do you live?", ".py") in found
    assert ("Skip to the content", ".html") in found
    assert (("%(days)s day", "%(days)s days"), ".html") in found


@pytest.mark.promise(3)
def test_traditional_chinese_has_no_simplified_characters():
    left = {text: found for text in texts_of(TRADITIONAL) if (found := simplified_in(text))}

    assert left == {}
    assert simplified_in("订单只能在这里") == set("订单这")


def test_what_is_said_otherwise_is_still_said():
    own = {messages.key_of(entry) for entry in messages.read_catalogue(TRADITIONAL) if entry.id}
    said = {messages.key_of(entry) for entry in messages.read_catalogue(SIMPLIFIED) if entry.id}

    assert own <= said


@pytest.mark.promise(3)
def test_chinese_is_set_with_its_own_punctuation():
    half_width = re.compile(r"[\u4e00-\u9fff][,;:!?](?![\w/])|[\u4e00-\u9fff]\.(?:\s|$)")

    for path in (SIMPLIFIED, TRADITIONAL):
        assert [text for text in texts_of(path) if half_width.search(text)] == []
    assert [text for text in texts_of(TRADITIONAL) if set("“”‘’") & set(text)] == []
