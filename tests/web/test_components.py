"""The parts that pages are built from: words, numbers, charts, the receipt, the languages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from fairroam.gateways.payments import EventKind, ReportKind
from fairroam.project import styles
from fairroam.rules import stages
from fairroam.web.components import charts, formats, tags
from fairroam.web.components.charts import DayUse, Portion, Stretch
from fairroam.web.components.words import MATTERS, STAGES

MIDNIGHT_IN_BERLIN = datetime(2026, 3, 16, 23, 0, tzinfo=UTC)


def test_every_stage_of_every_flow_has_its_word_and_icon():
    tables = {
        name.lower(): table
        for name, table in vars(stages).items()
        if isinstance(table, dict) and table and all(isinstance(key, tuple) for key in table)
    }

    assert STAGES.keys() == tables.keys()
    for flow, table in tables.items():
        assert STAGES[flow].keys() == stages.stages(table), flow
        for stage in STAGES[flow]:
            shown = render_to_string("components/badge.html", STAGES[flow][stage]._asdict())
            assert "<svg" in shown
            assert str(STAGES[flow][stage].word) in shown


def test_whatever_a_provider_tells_of_has_its_words():
    assert MATTERS.keys() == {*EventKind, *ReportKind, "unknown"}


def test_a_loss_lies_as_long_as_it_is_large_and_nothing_has_no_length():
    loss, gain = Portion("a", "−€4", 2, -4), Portion("b", "€1", 1, None)

    drawn = [(beam.whole, beam.part) for beam in charts.beams([loss, gain])]

    assert drawn == [(charts.BARS_WIDTH // 2, charts.BARS_WIDTH), (charts.BARS_WIDTH // 4, 0)]
    assert charts.beams([Portion("c", "€0", 0, None)])[0].whole == 0


@pytest.mark.parametrize(
    ("minor", "currency", "language", "shown"),
    [
        (1900, "EUR", "en", "€19.00"),
        (1900, "EUR", "zh-hans", "€19.00"),
        (1900, "JPY", "en", "¥1,900"),
        (1900, "CNY", "zh-hans", "¥19.00"),
        (1900, "USD", "zh-hans", "US$19.00"),
        (1900, "KWD", "en", "KWD1.900"),
        (1900, "EUR", "zh-hant", "€19.00"),
        (1900, "TWD", "zh-hant", "$19.00"),
        (-5, "EUR", "en", "−€0.05"),
        (10**17 + 1, "EUR", "en", "€1,000,000,000,000,000.01"),
    ],
)
def test_money_is_written_exactly_by_currency_and_language(minor, currency, language, shown):
    assert formats.money(minor, currency, language) == shown


@pytest.mark.parametrize(("language", "shown"), [("en", "A, B × 2"), ("zh-hans", "A、B × 2")])
def test_names_are_listed_with_the_comma_of_the_language_each_once(language, shown):
    with translation.override(language):
        assert tags.listed(["A", "B", "B"]) == shown


@pytest.mark.parametrize(
    ("count", "kind", "language", "shown"),
    [
        (3_210_000_000, "data", "en", "3.21 GB"),
        (10**10, "data", "en", "10 GB"),
        (2**30, "data", "en", "1.07 GB"),
        (100_000_000, "data", "en", "100 MB"),
        (42_000_000, "data", "en", "42 MB"),
        (0, "data", "en", "0 GB"),
        (61, "voice", "en", "2 min"),
        (1800, "voice", "zh-hans", "30分钟"),
        (50, "sms", "en", "50 SMS"),
        (50, "sms", "zh-hans", "50条短信"),
        (1800, "voice", "zh-hant", "30 分鐘"),
        (50, "sms", "zh-hant", "50則簡訊"),
    ],
)
def test_an_allowance_is_written_in_its_unit(count, kind, language, shown):
    assert formats.allowance(count, kind, language) == shown


@pytest.mark.parametrize(
    ("language", "shown", "ends"),
    [
        ("en", "Tue 17 March 2026, 00:00, Berlin time", "Mon 16 March 2026, 24:00, Berlin time"),
        ("zh-hans", "2026年3月17日周二 00:00（柏林时间）", "2026年3月16日周一 24:00（柏林时间）"),
        ("zh-hant", "2026年3月17日週二 00:00（柏林時間）", "2026年3月16日週一 24:00（柏林時間）"),
    ],
)
def test_an_instant_names_its_zone_and_a_period_ends_at_24(language, shown, ends):
    assert formats.instant(MIDNIGHT_IN_BERLIN, "Europe/Berlin", language) == shown
    assert formats.until(MIDNIGHT_IN_BERLIN, "Europe/Berlin", language) == ends


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "16 March 2026"), ("zh-hant", "2026年3月16日")]
)
def test_a_day_is_also_written_without_its_weekday(language, shown):
    assert formats.plain_day(date(2026, 3, 16), language) == shown


def test_a_zone_and_a_country_are_said_as_people_say_them():
    assert formats.zone_name("America/Argentina/Buenos_Aires", "en") == "Buenos Aires time"
    assert formats.zone_name("UTC", "en") == "UTC"
    assert formats.country_name("DE-BY", "zh-hans") == "德国"
    assert formats.percent(Fraction(1, 1000), "en") == "0.1%"
    assert formats.month(date(2026, 3, 1), "zh-hans") == "2026年3月"
    assert formats.in_a_row(["One.", "Two."], "en") == "One. Two."
    assert formats.in_a_row(["一。", "二。"], "zh-hant") == "一。二。"
    assert (
        formats.closed_up("<b>A.</b> <strong>一。</strong> 二")
        == "<b>A.</b> <strong>一。</strong>二"
    )


LINES = [
    SimpleNamespace(text="You paid", amount=2900, applies=True, facts={}),
    SimpleNamespace(text="Used", amount=-725, applies=True, facts={"used": "5 of 20 GB"}),
    SimpleNamespace(text="No outage", amount=None, applies=False, facts={}),
]


def a_receipt(**words: object) -> str:
    shown = {"lines": LINES, "label": "You get back", "total_minor": 2175, "currency": "EUR"}
    return render_to_string("components/receipt.html", shown | {"zone": "Europe/Berlin"} | words)


def test_a_receipt_shows_every_line_with_its_number_and_what_was_kept_out():
    page = a_receipt(number="RD-1", deadline="2026-03-16T23:00:00Z", pay_by="2026-03-30")

    for words in ("You paid", "€29.00", "−€7.25", "€21.75", "5 of 20 GB", "RD-1"):
        assert words in page
    assert page.count("data-kept-out") == 1
    assert page.count("<details>") == 1
    assert "Mon 16 March 2026, 24:00, Berlin time" in page
    assert "Mon 30 March 2026" in page


def test_a_receipt_speaks_chinese():
    with translation.override("zh-hans"):
        page = a_receipt(deadline="2026-03-16T23:00:00Z")

    assert "有效期至2026年3月16日周一 24:00（柏林时间）" in page


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=60))
def test_bars_stay_inside_their_picture_and_a_little_use_is_seen(used):
    drawn = charts.bars([DayUse(date(2026, 1, 1), each) for each in used])

    for bar in drawn:
        assert bar.left >= 0
        assert bar.left + bar.width <= charts.BARS_WIDTH
        assert bar.top >= 0
        assert bar.top + bar.height == charts.BARS_HEIGHT
        assert (bar.height > 0) == (bar.day.used > 0)
    assert sum(bar.has_label for bar in drawn) <= charts.LABELS_MAX


@given(st.lists(st.integers(0, 3), min_size=1, max_size=60))
def test_stretches_say_what_the_days_said(amounts):
    days = charts.stretches(amounts)

    assert [each.minor for each in days for _ in range(each.first, each.last + 1)] == amounts
    assert all(a.minor != b.minor for a, b in pairwise(days))


def test_a_curve_marks_the_day_at_its_amount():
    curve = charts.curve([Stretch(0, 9, 100), Stretch(10, 19, 0)], day=15, highest=100)

    assert curve.path == "M0 0V0H170V110H340"
    assert (curve.mark_y, curve.minor, curve.anchor) == (charts.CURVE_HEIGHT, 0, "end")
    assert 170 < curve.mark_x < 340


@pytest.mark.parametrize(
    ("used", "granted", "percent"),
    [(0, 10, 100), (10, 10, 0), (12, 10, 0), (999, 1000, 1), (1, 0, 0)],
)
def test_what_is_left_never_looks_empty_before_it_is(used, granted, percent):
    assert charts.percent_left(used, granted) == percent


def test_the_style_sheet_is_made_again_only_when_something_changed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(styles, "OUTPUT", tmp_path / "made" / "app.css")

    for _ in range(2):
        styles.main()
    said = capsys.readouterr().out.splitlines()

    assert said[0].endswith("kB")
    assert said[1] == "Style sheet: nothing changed"
    assert ".receipt" in styles.OUTPUT.read_text()
    assert [path.name for path in styles.OUTPUT.parent.iterdir()] == ["app.css"]
