"""The terms: the sale, money back, every version of every pack, and what changed between two."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fairroam import rules
from fairroam.apps.catalogue import queries as catalogue
from fairroam.clock import now
from fairroam.web.site import places, promises
from fairroam.web.site.promises import PackPage, Promise

BOUGHT = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday; every example begins there
PRICE = 2000
VALID_DAYS = 30
GRANTED = 10 * 10**9


@dataclass(frozen=True, slots=True)
class Example:
    """A traveller with a plan of 20.00 for 10 GB and 30 days, and what each version gives back."""

    words: str
    before_minor: int
    after_minor: int

    @property
    def is_better(self) -> bool:
        """Whether the later version gives more."""
        return self.after_minor > self.before_minor


@dataclass(frozen=True, slots=True)
class Pair:
    """One ground as two versions have it; None where a version does not know it."""

    before: Promise | None
    after: Promise | None

    @property
    def is_changed(self) -> bool:
        """Whether a reader would see another promise."""
        return self.before != self.after


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """The terms of sale and of money back, for the residence asked for."""
    residence = request.GET.get("residence", "")
    if residence and not places.is_residence(residence):
        raise Http404
    context = {
        "residence": residence,
        "residences": places.residences(get_language() or "en"),
        "packs": promises.packs_of(residence, on=now().date()),
        "versions": [(promises.title_of(pack), names) for pack, names in versions().items()],
    }
    return render(request, "site/terms.html", context)


@require_safe
def version(request: HttpRequest, name: str) -> HttpResponse:
    """One version of one pack, as it was and stays; beside it the one before."""
    content = content_or_404(name)
    names = versions()[content["pack"]]
    place = names.index(name)
    context = {
        "pack": promises.page_of(name, content),
        "content": content,
        "earlier": names[place - 1] if place else None,
        "later": names[place + 1] if place + 1 < len(names) else None,
    }
    return render(request, "site/terms_version.html", context)


@require_safe
def download(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """The pack as data (what the rules read) or as words, to keep."""
    content = content_or_404(name)
    if form == "json":
        text, kind = json.dumps(content, ensure_ascii=False, indent=2), "application/json"
    else:
        text, kind = in_words(promises.page_of(name, content)), "text/plain; charset=utf-8"
    answer = HttpResponse(text + "\n", content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


@require_safe
def changes(request: HttpRequest, before: str, after: str) -> HttpResponse:
    """Two versions of one pack side by side, and in money."""
    old, new = content_or_404(before), content_or_404(after)
    if old["pack"] != new["pack"]:
        raise Http404
    context = {
        "before": promises.page_of(before, old),
        "after": promises.page_of(after, new),
        "pairs": pairs(old, new),
        "examples": [one for one in examples(old, new) if one.before_minor != one.after_minor],
    }
    return render(request, "site/terms_changes.html", context)


def versions() -> dict[str, list[str]]:
    """Pack -> the names of its versions, oldest first."""
    found: dict[str, list[str]] = {}
    for name in catalogue.pack_names():
        found.setdefault(name.partition("@")[0], []).append(name)
    return found


def content_or_404(name: str) -> Mapping[str, Any]:
    if name not in catalogue.pack_names():
        raise Http404
    return catalogue.pack_content(name)


def in_words(page: PackPage) -> str:
    """A pack as plain text, line by line."""
    lines = [f"{page.title} ({page.name})", ""]
    for promise in page.promises:
        lines += [f"- {promise.when}", f"  {promise.until}: {promise.back}"]
    lines += ["", *(f"{source['name']}: {source['says']}" for source in page.sources)]
    return "\n".join(lines)


def pairs(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Pair]:
    """Every ground of the two, in the order of the later version."""
    before = {ground["ground"]: promises.promise(old, ground) for ground in old["grounds"]}
    after = {ground["ground"]: promises.promise(new, ground) for ground in new["grounds"]}
    return [Pair(before.get(name), after.get(name)) for name in after | before]


# What the same traveller gets from either version ---------------------------------------------


def examples(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Example]:
    """The same cases decided by either pack alone, one for each rule that may differ."""
    before, after = rules.compile_packs([old]), rules.compile_packs([new])
    for words, facts in cases():
        yield Example(words, rules.decide(facts, before).due, rules.decide(facts, after).due)


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for days in (10, 20, 100, 200):
        yield _("never switched on, asked after %(days)s days") % {"days": days}, asked(days)
    for days, used in ((5, 0), (5, 5 * 10**6), (5, 25 * 10**8), (20, 25 * 10**8), (29, GRANTED)):
        words = _("%(used)s GB of 10 used, asked after %(days)s days")
        yield words % {"used": f"{used / 10**9:g}", "days": days}, asked(days, used=used)
    for hours in (2, 8, 30, 20 * 24):
        lost = {"from": at(days=3), "until": at(days=3, hours=hours)}
        words = _("no network for %(hours)s hours, half of it used, asked after 25 days")
        yield words % {"hours": hours}, asked(25, used=GRANTED // 2) | {"outages": [lost]}
    for days in (1, 3, 11):
        trouble = {"opened_at": at(days=16), "steps_done": 4, "cause": "technical"}
        words = _("does not work, four steps did not help, %(days)s days without a cure")
        yield words % {"days": days}, asked(16 + days, used=5 * 10**7) | {"trouble": trouble}
    trouble = {"opened_at": at(days=1), "steps_done": 0, "cause": "device_incompatible"}
    words = _("the phone cannot use it, asked after 20 days")
    yield words, asked(20, used=0) | {"trouble": trouble}


def at(*, days: int, hours: int = 0) -> str:
    return (BOUGHT + timedelta(days=days, hours=hours)).isoformat()


def asked(days: int, *, used: int | None = None) -> dict[str, Any]:
    """A line bought on the first day and asked back after `days`; used None: never switched on."""
    facts: dict[str, Any] = {
        "currency": "EUR",
        "paid": PRICE,
        "zone": "UTC",
        "residence": "DE",
        **dict.fromkeys(("concluded_at", "paid_at", "ready_at"), at(days=0)),
        **dict.fromkeys(("notice_received_at", "express_request_at"), at(days=0)),
        "loss_acknowledged_at": at(days=0),
        "declared_at": at(days=days, hours=2),
        "allowances": [{"kind": "data", "granted": GRANTED, "used": used or 0}],
    }
    if used is not None:
        begun = at(days=0, hours=1)
        facts |= dict.fromkeys(
            ("downloaded_at", "installed_at", "enabled_at", "first_attach_at", "starts_at"), begun
        )
        facts |= {"ends_at": at(days=VALID_DAYS, hours=1)}
        facts |= {"first_usage_at": begun if used else None}
    return facts
