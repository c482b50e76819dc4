"""Template tags and filters for all audiences."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from django import forms, template
from django.forms.utils import ErrorList
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, gettext_lazy
from lucide.templatetags.lucide import lucide

from fairroam.rules.languages import NAMES, language_of, words_for
from fairroam.web.components import charts, formats
from fairroam.web.components.words import (
    AT_DESK,
    MATTERS,
    MISSING,
    NUMBER_ACTS,
    PAPERS,
    RAILS,
    STAGES,
)

register = template.Library()


def _language() -> str:
    return get_language() or "en"


@register.filter
def money(minor: int | None, currency: str) -> str:
    """`{{ minor|money:currency }}`: an amount of whole minor units by the page's language."""
    return "" if minor is None else formats.money(minor, currency, _language())


@register.filter
def gigabytes(count: int | None) -> str:
    """`{{ bytes|gigabytes }}`: "3.2 GB"; nothing for an unlimited allowance."""
    return "" if count is None else formats.gigabytes(count, _language())


@register.filter
def allowance(count: int | None, kind: str) -> str:
    """`{{ granted|allowance:kind }}`: "10 GB", "30 min", "50 SMS"; None is unlimited."""
    return gettext("unlimited") if count is None else formats.allowance(count, kind, _language())


@register.filter
def instant(moment: datetime | str | None, zone: str = "UTC") -> str:
    """`{{ at|instant:zone }}`: day and time in `zone`, the zone named."""
    return "" if not moment else formats.instant(formats.aware(moment), zone, _language())


@register.filter
def timestamp(moment: datetime) -> str:
    """`<time datetime="{{ at|timestamp }}">`: an instant as ISO 8601, for programs."""
    return moment.isoformat()


@register.filter
def until(moment: datetime | str | None, zone: str = "UTC") -> str:
    """`{{ ends_at|until:zone }}`: the end of a period; midnight is 24:00 of the day before."""
    return "" if not moment else formats.until(formats.aware(moment), zone, _language())


@register.filter
def day(value: date | str | None) -> str:
    """`{{ on|day }}`: a day with its weekday."""
    if not value:
        return ""
    return formats.day(date.fromisoformat(value) if isinstance(value, str) else value, _language())


@register.filter
def plain_day(value: date | None) -> str:
    """`{{ on|plain_day }}`: a day without its weekday, for where a fact comes from."""
    return formats.plain_day(value, _language()) if value else ""


@register.filter
def short_day(value: date) -> str:
    """`{{ on|short_day }}`: a day without its year, for narrow places."""
    return formats.short_day(value, _language())


@register.filter
def country_name(code: str) -> str:
    """`{{ code|country_name }}`: an ISO 3166 country in the page's language."""
    return formats.country_name(code, _language())


@register.filter
def currency_name(code: str) -> str:
    """`{{ code|currency_name }}`: an ISO 4217 currency in the page's language: "Euro"."""
    return formats.currency_name(code, _language())


@register.filter
def language_name(code: str) -> str:
    """`{{ thread.language|language_name }}`: a language as it calls itself."""
    return NAMES[language_of(code)]


@register.filter
def html_lang(code: str) -> str:
    """`{{ LANGUAGE_CODE|html_lang }}`: the language as HTML has it, "zh-Hans" for "zh-hans"."""
    language, _, script = code.partition("-")
    return f"{language}-{script.title()}" if script else language


@register.filter
def in_words(names: dict[str, str]) -> str:
    """`{{ plan.names|in_words }}`: the text for the page's language out of {"en": …, …}."""
    return words_for(names, _language())


@register.filter
def guide_title(slug: str) -> str:
    """`{{ opinion.guide|guide_title }}`: what a guide is called, in the page's language."""
    from fairroam.web.site.guides import SLUGS, page_language, read_guide  # for the desk alone

    return read_guide(slug, page_language()).title if slug in SLUGS else slug


@register.simple_tag
def paper_kind(kind: str) -> str:
    """`{% paper_kind paper.kind %}`: the kind of a paper in words."""
    return str(PAPERS[kind])


# Who takes payments, and who resells eSIMs to us, by their own names.
PROVIDERS = {
    "sandbox": gettext_lazy("Test provider"),
    "stripe": "Stripe",
    "paypal": "PayPal",
    "bank": gettext_lazy("Bank transfer"),
    "airalo": "Airalo",
    "esim_access": "eSIM Access",
}


@register.filter
def provider_name(code: str) -> str:
    """`{{ row.provider|provider_name }}`: its own name; what is no provider stays as it is."""
    return str(PROVIDERS.get(code, code))


@register.filter
def matter(kind: str) -> str:
    """`{{ row.kind|matter }}`: what a provider's notice or a line of its report is about."""
    return str(MATTERS.get(kind, kind))


@register.filter
def rail_name(name: str) -> str:
    """`{{ payout.rail|rail_name }}`: the way of "card@1" in words."""
    return str(RAILS[name.partition("@")[0]])


@register.filter
def number_act(kind: str) -> str:
    """`{{ act.kind|number_act }}`: what was done with a number, in words."""
    return str(NUMBER_ACTS[kind])


@register.filter
def missing_words(code: str) -> str:
    """`{{ code|missing_words }}`: what a customer is asked for, in words."""
    return str(MISSING[code])


@register.filter
def as_json(statement: dict[str, Any]) -> str:
    """`{{ statement|as_json }}`: for people who want to read all of it."""
    return json.dumps(statement, ensure_ascii=False, indent=2)


# Codes of `rules.explain`. What follows from the total stands below it, in small type.
SAID_BY_TOTAL = {"REFUND", "NO_REFUND"}
WAYS_BACK = {"BACK_TO_METHOD", "BACK_TO_CREDIT", "PROMO_NOT_CASH"}
BELOW_TOTAL = WAYS_BACK | {"DISPUTE_OPEN", "TAX_SPLIT", "PAY_BY", "DEADLINE", "DEADLINE_PASSED"}


@register.filter
def named_facts(facts: Mapping[str, str]) -> SafeString:
    """`<dl class="facts">{{ line.facts|named_facts }}</dl>`: what a line opens to."""
    return format_html_join("", "<dt>{}</dt><dd>{}</dd>", facts.items())


@register.filter
def listed(names: Iterable[object]) -> str:
    """`{{ names|listed }}`: "A, B × 2", with the comma of the language; each name once."""
    counts = Counter(map(str, names))
    return gettext(", ").join(name if n == 1 else f"{name} × {n}" for name, n in counts.items())


@register.filter
def above_total(lines: Iterable[Any]) -> list[Any]:
    """The lines of a receipt that make up its total."""
    elsewhere = BELOW_TOTAL | SAID_BY_TOTAL
    return [line for line in lines if getattr(line, "code", "") not in elsewhere]


@register.filter
def below_total(lines: Iterable[Any]) -> list[Any]:
    """The lines that say what happens with the total: how, by when, until when."""
    return [line for line in lines if getattr(line, "code", "") in BELOW_TOTAL]


@register.simple_tag
def icon(name: str, size: int = 18) -> str:
    """`{% icon "check" %}`: a picture that stands beside a word, silent for screen readers."""
    return drawn(name, size)


@cache
def drawn(name: str, size: int) -> str:
    """The picture as SVG, drawn once: a page holds a dozen."""
    return str(lucide(name, size=size, **{"class": "icon", "aria-hidden": "true"}))


@register.simple_tag
def stage_badge(flow: str, stage: str) -> str:
    """`{% stage_badge "refund" refund.stage %}`: icon and word of a stage of one flow."""
    return badge(flow, stage, _language())


@register.simple_tag
def desk_badge(flow: str, stage: str) -> str:
    """`{% desk_badge "refund" refund.stage %}`: the same for colleagues, who are not "you"."""
    return badge(flow, stage, _language(), is_desk=True)


@cache
def badge(flow: str, stage: str, language: str, is_desk: bool = False) -> SafeString:
    """That badge, written once for each language."""
    shown = STAGES[flow][stage]
    if is_desk:
        shown = shown._replace(word=AT_DESK.get((flow, stage), shown.word))
    with translation.override(language):
        return render_to_string("components/badge.html", shown._asdict())


@register.inclusion_tag("components/usage_ring.html")
def usage_ring(used: int, granted: int | None, kind: str = "data") -> dict[str, Any]:
    """`{% usage_ring used granted kind %}`: what is left as a ring with the number inside."""
    if granted is None:
        number, of = allowance(used, kind), gettext("used, unlimited")
        return {"percent": 100, "number": number, "of": of, "title": f"{number} {of}"}
    number = allowance(max(granted - used, 0), kind)
    of = gettext("left of %(granted)s") % {"granted": allowance(granted, kind)}
    percent = charts.percent_left(used, granted)
    return {"percent": percent, "number": number, "of": of, "title": f"{number} {of}"}


@register.inclusion_tag("components/curve.html")
def money_back_curve(
    days: Sequence[charts.Stretch], day: int, highest: int, currency: str
) -> dict[str, Any]:
    """`{% money_back_curve answer.curve answer.day plan.price_minor currency %}`: a step line."""
    return {
        "curve": charts.curve(days, day=day, highest=highest),
        "days": days,
        "last": days[-1].last,
        "highest": highest,
        "currency": currency,
        "width": charts.CURVE_WIDTH,
        "height": charts.CURVE_HEIGHT,
    }


@register.filter
def boxes(field: forms.BoundField) -> list[tuple[str, list[Any], bool]]:
    """`{{ field|boxes }}`: what there is to tick, by group: (title, boxes, whether any is ticked).

    A list without groups is one of no title.
    """
    assert isinstance(field.field.widget, forms.CheckboxSelectMultiple)
    choices: list[Any] = list(field.field.widget.choices)
    is_grouped = all(isinstance(words, list | tuple) for _value, words in choices)
    groups = choices if is_grouped else [("", choices)]
    every = iter(field)
    found = [(title, [next(every) for _choice in options]) for title, options in groups]
    return [(title, some, any(one.data["selected"] for one in some)) for title, some in found]


@register.filter
def errors_in_words(field: forms.BoundField) -> ErrorList:
    """`{{ field|errors_in_words }}`: its errors; a box or a choice is not "required", but named."""
    match field.field:
        case forms.BooleanField():
            words = gettext("Tick this box to go on.")
        case forms.MultipleChoiceField():
            words = gettext("Tick at least one.")
        case forms.ChoiceField():
            words = gettext("Choose one.")
        case _:
            return field.errors
    for error in field.errors.as_data():
        if error.message == forms.Field.default_error_messages["required"]:
            error.message = words
    return field.errors


@register.inclusion_tag("components/usage_bars.html")
def usage_bars(days: Sequence[charts.DayUse]) -> dict[str, Any]:
    """`{% usage_bars days %}`: bytes a day as thin bars (`charts.DayUse`), a table behind them."""
    total = formats.gigabytes(sum(each.used for each in days), _language())
    return {
        "bars": charts.bars(days),
        "width": charts.BARS_WIDTH,
        "height": charts.BARS_HEIGHT,
        "title": gettext("Usage by day, %(total)s in all") % {"total": total},
    }


@register.inclusion_tag("components/beams.html")
def beams(title: str, portions: Sequence[charts.Portion]) -> dict[str, Any]:
    """`{% beams title portions %}`: lying bars (`charts.Portion`); their table stands beside it."""
    return {
        "beams": charts.beams(portions),
        "width": charts.BARS_WIDTH,
        "height": len(portions) * charts.BEAM_PITCH,
        "title": title,
    }


@register.inclusion_tag("components/columns.html")
def columns(title: str, values: Sequence[tuple[date, int, str]]) -> dict[str, Any]:
    """`{% columns title values %}`: standing bars, each (day, size, words); a table beside it."""
    bars = charts.bars([charts.DayUse(on, size) for on, size, _words in values])
    return {
        "bars": [(bar, words) for bar, (_on, _size, words) in zip(bars, values, strict=True)],
        "width": charts.BARS_WIDTH,
        "height": charts.BARS_HEIGHT,
        "title": title,
    }
