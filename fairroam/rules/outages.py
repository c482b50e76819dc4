"""Outages: how much of a plan's validity the network was confirmed to be down."""

from __future__ import annotations

from collections.abc import Iterable

from fairroam.rules.facts import Facts
from fairroam.rules.instants import SECONDS_OF_DAY
from fairroam.rules.shares import Share, plan_days


def lost_spans(facts: Facts) -> list[tuple[int, int]]:
    """The union of the outages within the validity, in seconds since the plan started."""
    if facts.starts_at is None or facts.ends_at is None:
        return []
    spans: list[tuple[int, int]] = []
    length = facts.ends_at - facts.starts_at
    reached = 0
    for begins_at, until in facts.outages:
        begin = max(begins_at - facts.starts_at, reached)
        end = min(until - facts.starts_at, length)
        if begin < end:
            spans.append((begin, end))
            reached = end
    return spans


def seconds_of(spans: Iterable[tuple[int, int]]) -> int:
    return sum(end - begin for begin, end in spans)


def lost_days(spans: Iterable[tuple[int, int]], day_seconds: int) -> int:
    """The plan days (24-hour blocks) of which at least `day_seconds`, 1 or more, were lost."""
    whole_days, lost_in = 0, dict[int, int]()
    for begin, end in spans:
        first_day, last_day = begin // SECONDS_OF_DAY, (end - 1) // SECONDS_OF_DAY
        whole_days += max(last_day - first_day - 1, 0)
        for day in {first_day, last_day}:
            starts = day * SECONDS_OF_DAY
            lost = min(end, starts + SECONDS_OF_DAY) - max(begin, starts)
            lost_in[day] = lost_in.get(day, 0) + lost
    if day_seconds > SECONDS_OF_DAY:
        return 0
    return whole_days + sum(lost >= day_seconds for lost in lost_in.values())


def lost_share(facts: Facts, spans: list[tuple[int, int]], unit: str, day_seconds: int) -> Share:
    """The lost part of the whole validity, by `unit` second or day; it must have started."""
    assert facts.starts_at is not None
    assert facts.ends_at is not None
    length = facts.ends_at - facts.starts_at
    if unit == "second":
        return Share(seconds_of(spans), length)
    return Share(lost_days(spans, day_seconds), plan_days(length))
