"""What would change the answer: the same rules over the same facts with one thing otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from fairroam import rules
from fairroam.apps.refunds.models.troubles import STEPS
from fairroam.apps.refunds.queries.facts import ACTIVATION, Quote
from fairroam.apps.refunds.queries.troubles import written

DAY = timedelta(days=1)
TENTH = 10


@dataclass(frozen=True, slots=True)
class Outlook:
    """If this happens, `due` minor units come back instead. at: when it happens, if by the clock.

    kind: later (time passed), switched_on, used_tenth (of every allowance more than now),
    not_repaired (all steps were tried and the time for a cure is over), outage_day.
    """

    kind: str
    due: int
    at: datetime | None = None


class Cure(NamedTuple):
    """How long a fault may be repaired, and how many steps must have been tried against it."""

    time: timedelta
    steps: int


def outlook(quote: Quote, *, validity_days: int | None) -> tuple[Outlook, ...]:
    """Everything that would change the amount of this quote, in the order of a reader's interest.

    validity_days: of the plan once it begins; None when it has no end. A part that was asked for
    is left aside: what would change is all that is due.
    """
    facts = {name: value for name, value in quote.facts.items() if name != "asked"}
    packs = rules.compile_packs(quote.packs)
    now = datetime.fromisoformat(facts["declared_at"])

    def due(changed: dict[str, Any], at: datetime = now) -> int:
        asked_at = {"declared_at": written(at), "received_at": written(at)}
        return rules.decide(facts | changed | asked_at, packs).due

    return (
        *by_the_clock(quote, due, now),
        *by_use(facts, due, now, validity_days),
        *by_failure(facts, due, now, cure_of(quote.packs)),
    )


Due = Callable[..., int]


def by_the_clock(quote: Quote, due: Due, now: datetime) -> Iterator[Outlook]:
    """At which of the coming ends less, or more, comes back; and after the present day of the plan.

    Nothing else is supposed to happen until then.
    """
    ends = {link.get("window_end") for link in quote.decision["reasons"]} | {quote.facts["ends_at"]}
    known = {datetime.fromisoformat(end).astimezone(UTC) for end in ends if end}
    coming = {end for end in known if end > now} | set(next_day_of_plan(quote.facts, now))
    before = due({})
    for at in sorted(coming):
        if (then := due({}, at)) != before:
            yield Outlook("later", then, at)
            before = then


def next_day_of_plan(facts: dict[str, Any], now: datetime) -> Iterator[datetime]:
    """When the next plan day begins; nothing while the plan does not run."""
    if facts["starts_at"] is None or facts["ends_at"] is None:
        return
    starts_at = datetime.fromisoformat(facts["starts_at"])
    if starts_at <= now < datetime.fromisoformat(facts["ends_at"]):
        yield starts_at + DAY * ((now - starts_at) // DAY + 1)


def by_use(
    facts: dict[str, Any], due: Due, now: datetime, validity_days: int | None
) -> Iterator[Outlook]:
    """What switching on would change, and then using a tenth of every limited allowance."""
    begun: dict[str, Any] = {}
    before = due({})
    if facts["first_attach_at"] is None and facts["starts_at"] is None:
        begun = switched_on(facts, now, validity_days)
        if (then := due(begun)) != before:
            yield Outlook("switched_on", then)
            before = then
    more = [used_more(allowance) for allowance in facts["allowances"]]
    used = begun | {"allowances": more, "first_usage_at": facts["first_usage_at"] or written(now)}
    if (then := due(used)) != before:
        yield Outlook("used_tenth", then)


def switched_on(facts: dict[str, Any], now: datetime, validity_days: int | None) -> dict[str, Any]:
    begun = {name: facts[name] or written(now) for name in ACTIVATION if name != "first_usage_at"}
    if validity_days is None:
        return begun
    return begun | {"starts_at": written(now), "ends_at": written(now + validity_days * DAY)}


def used_more(allowance: dict[str, Any]) -> dict[str, Any]:
    granted = allowance["granted"]
    if granted is None:
        return allowance
    return allowance | {"used": min(granted, allowance["used"] + granted // TENTH)}


def by_failure(
    facts: dict[str, Any], due: Due, now: datetime, cure: Cure | None
) -> Iterator[Outlook]:
    """What a fault that nobody cures would give, and an outage of a day."""
    if cure is not None and (at := cure_ends_at(facts["trouble"], now, cure)) is not None:
        opened_at = (facts["trouble"] or {}).get("opened_at", written(now))
        cause = (facts["trouble"] or {}).get("cause", "technical")
        trouble = {"opened_at": opened_at, "steps_done": len(STEPS), "cause": cause}
        if (then := due({"trouble": trouble}, at)) > due({"trouble": None}, at):
            yield Outlook("not_repaired", then, at)
    if any(next_day_of_plan(facts, now)):
        at = now + DAY
        outage = {"from": written(now), "until": written(at)}
        if (then := due({"outages": [*facts["outages"], outage]}, at)) > due({}, at):
            yield Outlook("outage_day", then)


def cure_ends_at(trouble: Mapping[str, Any] | None, now: datetime, cure: Cure) -> datetime | None:
    """When a fault that is told now, or is open already, has lasted long enough; else None."""
    if trouble is None:
        return now + cure.time
    if trouble["restored_at"] is not None or trouble["cause"] == "device_incompatible":
        return None
    return max(now, datetime.fromisoformat(trouble["opened_at"]) + cure.time)


def cure_of(packs: list[dict[str, Any]]) -> Cure | None:
    """What the promise asks before a fault gives a right; None where none ever does."""
    grounds = [ground for pack in packs for ground in pack["grounds"]]
    cures = [
        Cure(timedelta(seconds=one.get("cure_seconds", 0)), one.get("steps", 0))
        for one in grounds
        if one["ground"] == "unusable"
    ]
    return min(cures, default=None)
