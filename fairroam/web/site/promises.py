"""The refund packs in plain words: when, until when, and how much comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from fairroam.apps.catalogue import queries as catalogue
from fairroam.web.components import formats

Content = Mapping[str, Any]
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Promise:
    """One ground of a pack: `when` it applies, `until` when, and what comes `back`."""

    when: str
    until: str
    back: str


@dataclass(frozen=True, slots=True)
class PackPage:
    """A refund pack for people. `sources`: where each rule comes from."""

    name: str  # "eu-crd@1"
    title: str
    is_law: bool
    pay_within_days: int
    promises: tuple[Promise, ...]
    sources: tuple[Content, ...]


def packs_of(residence: str, *, on: date, promise: str = "house") -> list[PackPage]:
    """The packs of an order placed that day by a customer of `residence` ("" for anybody).

    promise: the pack of our own that the plan is sold with.
    """
    contents = catalogue.contents_for(residence, on, promise)
    return [page_of(name, content) for name, content in contents.items()]


def page_of(name: str, content: Content) -> PackPage:
    return PackPage(
        name=name,
        title=title_of(content["pack"]),
        is_law=content.get("statutory", False),
        pay_within_days=content.get("pay_within_days", 14),
        promises=tuple(promise(content, ground) for ground in content["grounds"]),
        sources=tuple(content.get("sources", ())),
    )


def title_of(pack: str) -> str:
    titles = {
        "eu-crd": _("The law of the European Union"),
        "uk-ccr": _("The law of the United Kingdom"),
        "cn-prepaid": _("Our promise to customers in China, after the rules for prepaid services"),
        "house": _("Our own promise to everybody"),
        "prorata": _("Unused time of a number plan"),
    }
    return titles.get(pack, pack)


def promise(content: Content, ground: Content) -> Promise:
    """One ground in words; every number in them is the pack's own."""
    when, back = WORDS[ground["ground"]]
    return Promise(when(ground), until(ground), back(content, ground))


def until(ground: Content) -> str:
    window = ground.get("window")
    if window is None:
        return _("any time before the plan ends")
    length = length_of(window["n"], window["unit"])
    start = {
        "concluded_at": _("the contract"),
        "paid_at": _("payment"),
        "ready_at": _("the eSIM was ready"),
    }.get(window["from"], window["from"].removesuffix("_at").replace("_", " "))
    words = _("%(length)s after %(start)s")
    if window.get("roll") == "working_day":
        words = _(
            "%(length)s after %(start)s;"
            " an end on a weekend or holiday moves to the next working day"
        )
    return words % {"length": length, "start": start}


def length_of(count: int, unit: str) -> str:
    forms = {
        "day": ngettext("%(count)s day", "%(count)s days", count),
        "business_day": ngettext("%(count)s working day", "%(count)s working days", count),
        "month": ngettext("%(count)s month", "%(count)s months", count),
        "hour": ngettext("%(count)s hour", "%(count)s hours", count),
    }
    return forms[unit] % {"count": count}


def percent(share: str) -> str:
    """A share ("1/1000", "0.19") as the page's language writes percent."""
    return formats.percent(Fraction(share), get_language() or "en")


def seconds_in_words(seconds: int) -> str:
    if seconds % (24 * HOUR) == 0:
        return length_of(seconds // (24 * HOUR), "day")
    return length_of(-(-seconds // HOUR), "hour")


def everything(_content: Content, _ground: Content) -> str:
    return _("all of it")


def price_less_use(content: Content, ground: Content) -> str:
    if content.get("measure", {}).get("by") == "time":
        return _("the price of the days that have not begun")
    if content.get("basis") == "by_cause":
        return _("the price less what was used, at the list price when the end is your wish")
    if ground.get("consents", True) and ground["ground"] == "withdrawal":
        return _("the price less what was used; all of it if we did not tell you of this right")
    return _("the price less what was used")


def unused_when(ground: Content) -> str:
    if Fraction(ground.get("de_minimis", "0")) == 0:
        return _("The eSIM joined a network but used nothing")
    return _("The eSIM joined a network but used no more than %(percent)s of the plan") % {
        "percent": percent(ground["de_minimis"])
    }


def outage_when(ground: Content) -> str:
    return _("The network failed where you were, %(length)s or longer in all") % {
        "length": seconds_in_words(ground.get("min_seconds", 0))
    }


def outage_back(_content: Content, ground: Content) -> str:
    words = _("the share of the price for the lost time, by the second")
    if ground.get("unit") == "day":
        words = _("the share of the price for the lost days")
    if "full_from" not in ground:
        return words
    return _("%(share)s; all of it once %(percent)s is lost") % {
        "share": words,
        "percent": percent(ground["full_from"]),
    }


def unusable_when(ground: Content) -> str:
    return _("It does not work, our %(steps)s steps did not help, and %(length)s have passed") % {
        "steps": ground.get("steps", 0),
        "length": seconds_in_words(ground.get("cure_seconds", 0)),
    }


def unusable_back(_content: Content, ground: Content) -> str:
    return _(
        "all of it when you used no more than %(percent)s, else the price less what was used"
    ) % {"percent": percent(ground.get("full_if_used_at_most", "0"))}


def goodwill_back(_content: Content, ground: Content) -> str:
    return _("a person may still offer up to %(percent)s of the price") % {
        "percent": percent(ground["cap_share"])
    }


# ground -> (when it applies, what comes back)
WORDS: dict[str, tuple[Callable[[Content], str], Callable[[Content, Content], str]]] = {
    "withdrawal": (lambda _ground: _("You change your mind; no reason is needed"), price_less_use),
    "unactivated": (lambda _ground: _("The eSIM never joined a network"), everything),
    "unused": (unused_when, everything),
    "unconsumed": (lambda _ground: _("You stop before it is used up"), price_less_use),
    "outage": (outage_when, outage_back),
    "unusable": (unusable_when, unusable_back),
    "incompatible": (
        lambda _ground: _("Your device cannot use it, and nothing was used"),
        everything,
    ),
    "goodwill": (lambda _ground: _("Nothing above applies"), goodwill_back),
}
