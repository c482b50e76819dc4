"""The three questions of money back, answered from facts: in the period, activated, used?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from fairroam.web.components import formats

# The facts of activation, the latest first, as an answer to "activated?".
ACTIVATED: dict[str, str | Promise] = {
    "first_usage_at": gettext_lazy("Yes, first used %(when)s"),
    "first_attach_at": gettext_lazy("Yes, first seen by a network %(when)s"),
    "enabled_at": gettext_lazy("Switched on %(when)s; no network has seen it yet"),
    "installed_at": gettext_lazy("Installed %(when)s; no network has seen it yet"),
    "downloaded_at": gettext_lazy("Downloaded %(when)s; no network has seen it yet"),
}


class Answer(NamedTuple):
    """A question, its answer with the instants and figures behind it, and an icon's name."""

    question: str
    answer: str
    icon: str


def three_answers(
    facts: Mapping[str, Any], decision: Mapping[str, Any], language: str
) -> tuple[Answer, Answer, Answer]:
    """In the cooling-off period? Activated? Used? Of the facts that a decision rests on."""
    return (
        in_cooling_off(facts, decision, language),
        activated(facts, language),
        used(facts, language),
    )


def in_cooling_off(facts: Mapping[str, Any], decision: Mapping[str, Any], language: str) -> Answer:
    """With the exact end of the period in the customer's zone, and what is left of it."""
    question = _("Still in the cooling-off period?")
    tried = [link for link in decision["reasons"] if link.get("ground") == "withdrawal"]
    ends = [datetime.fromisoformat(link["window_end"]) for link in tried if link.get("window_end")]
    if not tried:
        said = _("No law that we know of gives one where you live; our own promise counts")
        return Answer(question, said, "minus")
    if not ends:
        return Answer(question, _("Yes, it has not begun to run"), "check")
    end, zone = max(ends), facts["zone"]
    until = formats.until(end, zone, language)
    left = end - datetime.fromisoformat(facts["declared_at"])
    if left <= timedelta(0):
        return Answer(question, _("No, it ended %(end)s") % {"end": until}, "x")
    said = _("Yes, until %(end)s; %(left)s left") % {"end": until, "left": how_long(left)}
    return Answer(question, said, "check")


def how_long(left: timedelta) -> str:
    """A stretch of time in its largest whole unit: days, hours or minutes."""
    if left >= timedelta(days=2):
        return ngettext("%(n)s day", "%(n)s days", left.days) % {"n": left.days}
    hours = left // timedelta(hours=1)
    if hours >= 2:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    minutes = -(-left // timedelta(minutes=1))
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def activated(facts: Mapping[str, Any], language: str) -> Answer:
    question = _("Activated?")
    for name, said in ACTIVATED.items():
        if facts.get(name):
            moment = formats.aware(facts[name])
            when = formats.instant(moment, facts["zone"], language)
            is_seen = name in ("first_usage_at", "first_attach_at")
            return Answer(question, str(said) % {"when": when}, "check" if is_seen else "minus")
    return Answer(question, _("No, no phone has downloaded it"), "x")


def used(facts: Mapping[str, Any], language: str) -> Answer:
    """With what remains of each allowance; of a plan without any, how many days have run."""
    question = _("Used?")
    parts = [used_of(allowance, language) for allowance in facts["allowances"] if allowance["used"]]
    if parts:
        return Answer(question, "; ".join(parts), "check")
    if facts.get("starts_at") and not facts["allowances"]:
        since = formats.instant(formats.aware(facts["starts_at"]), facts["zone"], language)
        return Answer(question, _("It has run since %(since)s") % {"since": since}, "check")
    return Answer(question, _("No, nothing was used"), "x")


def used_of(allowance: Mapping[str, Any], language: str) -> str:
    used, granted, kind = allowance["used"], allowance["granted"], allowance["kind"]
    if granted is None:
        return _("%(used)s, unlimited") % {"used": formats.allowance(used, kind, language)}
    left = max(granted - used, 0)
    words = {"used": used, "granted": granted, "left": left}
    told = {name: formats.allowance(count, kind, language) for name, count in words.items()}
    return _("%(used)s of %(granted)s; %(left)s left") % told
