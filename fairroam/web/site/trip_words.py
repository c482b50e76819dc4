"""Why a way to cover a trip stands where it stands, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fairroam.apps.catalogue.queries import PlanRow
from fairroam.rules.trips import Way, Why
from fairroam.web.components import formats
from fairroam.web.components.tags import in_words

WORDS = {
    "only": _("The only way that covers your trip."),
    "cheapest": _("The lowest price for the whole trip."),
    "same_price": _("The same price as the first; more plans, packs or a later name."),
    "dearer": _("%(amount)s more than the first."),
    "one_plan": _("One plan for all %(count)s countries: nothing to switch."),
    "several_plans": _("%(count)s plans that you switch between on the way."),
    "more_data": _("%(plan)s: %(count)s packs, since one has too little data."),
    "more_days": _("%(plan)s: %(count)s packs, since one ends too early."),
    "never_ends": _("%(plan)s: what is left stays, there is no last day."),
    "full_speed": _("%(plan)s: full speed for %(amount)s a day, slower after that."),
    "unlimited": _("Data without a limit."),
    "spare": _("%(amount)s more than you are assumed to need."),
    "number": _("With a phone number."),
}
ICONS = {"only": "check", "cheapest": "check", "unlimited": "check", "number": "phone"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One reason in words, and its icon."""

    text: str
    icon: str


def sentences(way: Way, rows: Mapping[str, PlanRow]) -> tuple[Sentence, ...]:
    """The reasons of a way in the page's language."""
    return tuple(sentence(why, rows) for why in way.why)


def sentence(why: Why, rows: Mapping[str, PlanRow]) -> Sentence:
    language = get_language() or "en"
    facts: dict[str, Any] = dict(why.facts)
    if "bytes" in facts:
        facts["amount"] = formats.gigabytes(facts["bytes"], language)
    if "minor" in facts:
        facts["amount"] = formats.money(facts["minor"], facts["currency"], language)
    if "code" in facts:
        facts["plan"] = in_words(rows[facts["code"]].names)
    return Sentence(WORDS[why.code] % facts, ICONS.get(why.code, "info"))
