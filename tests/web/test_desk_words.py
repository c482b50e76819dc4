"""The desk speaks words: whatever code the apps keep, a colleague reads what it means."""

from __future__ import annotations

import re

import pytest
from django.utils import translation

from fairroam.project.messages import PACKAGE
from fairroam.rules.rails import rails
from fairroam.web.account import leave
from fairroam.web.components.tags import currency_name, rail_name
from fairroam.web.components.words import AT_DESK, MISSING, RAILS, STAGES
from fairroam.web.desk import usage, words
from fairroam.worker.reactions import REACTIONS

# What stands in templates without a word: as its people write it, or beside its word.
AS_WRITTEN = {"notice.reason", "said.reason", "row.source", "file.source"}
BARE = re.compile(
    r"(<code[^>]*>)?\{\{ ?(\w+\.(?:kind|reason|method|stage|rail|rule|outcome|currency|language"
    r"|source|waits_for)) ?\}\}"
)


def test_no_code_stands_on_a_page_of_the_desk_without_its_word():
    pages = list((PACKAGE / "web" / "desk" / "templates").rglob("*.html"))
    texts = {page.name: re.sub(r'="[^"]*"|<form.*?>', "", page.read_text()) for page in pages}
    found = {
        (name, code)
        for name, text in texts.items()
        for beside, code in BARE.findall(text)
        if not beside and code not in AS_WRITTEN
    }

    assert found == set()
    assert len(pages) > 40
    assert BARE.findall("<td>{{ row.kind }}</td><code>{{ row.rail }}</code>") == [
        ("", "row.kind"),
        ("<code>", "row.rail"),
    ]


def codes_in(room: str, pattern: str) -> set[str]:
    """The codes that the files of a room name."""
    texts = (path.read_text() for path in (PACKAGE / "apps" / room).rglob("*.py"))
    return {code for text in texts for code in re.findall(pattern, text)}


def test_every_code_that_is_kept_has_its_word():
    assert {rail.rail for rail in rails()} == set(RAILS)
    assert codes_in("closures", r'NotYet\("(\w+)"\)') == set(words.WAITS_FOR)
    assert codes_in("metering", r'Unreadable\("(\w+)"\)') == set(usage.BAD_LINES)
    cases = {kind for kind in REACTIONS if kind.startswith(("refund.", "closure."))}
    assert cases - set(words.EVENTS) == set()


def test_no_stage_calls_a_colleague_by_what_only_the_customer_is():
    yours = {
        (flow, stage)
        for flow, stages in STAGES.items()
        for stage, badge in stages.items()
        if re.search(r"\byou(r|rs)?\b", str(badge.word))
    }
    flows = "|".join({flow for flow, _stage in yours})
    pages = (PACKAGE / "web" / "desk" / "templates").rglob("*.html")

    assert set(AT_DESK) == yours
    assert not [word for word in AT_DESK.values() if re.search(r"\byou", str(word))]
    assert set(words.MISSING) == set(MISSING)
    assert set(words.CLOSING_MONEY) == set(leave.MONEY)
    assert set(words.CLOSING_HELD_BY) == set(leave.HELD_BY)
    assert [
        page.name for page in pages if re.search(f'stage_badge "({flows})"', page.read_text())
    ] == []


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_they_are_chinese_on_a_chinese_page(language):
    own_names = {"PayPal", "iDEAL"}
    tables = (RAILS, words.ANSWERS, words.QUARANTINED, words.WAITS_FOR, words.EVENTS)
    with translation.override(language):
        said = [str(word) for table in (*tables, usage.BAD_LINES) for word in table.values()]

    assert [text for text in said if not re.search(r"[\u4e00-\u9fff]", text)] == sorted(own_names)


@pytest.mark.parametrize(
    ("language", "kind", "label", "said"),
    [
        ("en", "tax", "DE 0.19", "Germany 19%"),
        ("zh-hans", "tax", "HK 0", "香港 0%"),
        ("en", "clearing", "stripe", "Stripe"),
        ("en", "clearing", "bank", "Our own bank account"),
        ("zh-hans", "supplier", "airalo", "Airalo"),
        ("en", "earned", "", ""),
    ],
)
def test_a_book_s_label_is_said_in_words(language, kind, label, said):
    with translation.override(language):
        assert words.book_label(kind, label, language) == said


def test_ways_currencies_answers_and_refusals_are_said_in_words():
    with translation.override("zh-hans"):
        assert (rail_name("sepa-debit@1"), currency_name("CNY")) == ("SEPA直接扣款", "人民币")
        assert words.answer("E-42") == "对方的说法：E-42"
        assert words.answer(None) == str(words.ANSWERS[""])
    assert words.quarantined("amount-differs").startswith("The provider names another amount")
    assert words.quarantined("event-unknown") == "We cannot read what it says."
    assert words.quarantined("never-heard") == "never-heard"
