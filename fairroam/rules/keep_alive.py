"""When a number is lost for want of use, by each operator's own rule: forecast, never guessed.

A rule is a row of data with its source and the day it was read (`keep_alive/*.toml`); a change is
a new version, so that every forecast can be computed again as it stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from fairroam.rules.calendars import add_months
from fairroam.rules.refusals import BadPack
from fairroam.rules.zones import end_of_day

WARN_DAYS = (60, 30, 14, 3, 1)  # before the deadline; our own promise, the same for every operator
_PERIOD = re.compile(r"P([0-9]{1,3})([DMY])")
_DAY = timedelta(days=1)

Period = Annotated[str, Meta(pattern="^P[0-9]{1,3}[DMY]$")]  # ISO 8601, one unit
Kind = Literal["call_out", "sms_out", "mms_out", "data_session", "purchase", "call_in", "sms_in"]
Loss = Literal["credit_lost", "restricted", "number_released"]


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a rule was read, and what it says there in our words."""

    name: str
    address: str
    says: str


class Automatic(Struct, frozen=True, forbid_unknown_fields=True):
    """The act that the operator's terms let us do for the customer, and what the operator takes.

    cost_minor: minor units of `currency`, for one act.
    """

    act: Kind
    cost_minor: Annotated[int, Meta(ge=0)]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One operator's rule, in one version.

    qualifying: what keeps the number. every: how long one such act lasts. grace: how long the
    number can still be saved after that. quarantine: how long nobody gets it once it is lost, None
    where the operator does not say. operator_warns_after: of inactivity, None = it never does.
    automatic: None where the terms do not allow it, or do not say.
    zone: the IANA zone in whose calendar the operator counts.
    port_out: for how long a port-out code is good, None = numbers cannot be taken along.
    """

    rule: str
    version: Annotated[int, Meta(ge=1)]
    operator: str
    is_fictional: bool = False
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    zone: str
    qualifying: Annotated[tuple[Kind, ...], Meta(min_length=1)]
    every: Period
    grace: Period = "P0D"
    on_expiry: Annotated[tuple[Loss, ...], Meta(min_length=1)]
    quarantine: Period | None = None
    quarantine_by: str = ""
    operator_warns_after: Period | None = None
    is_donor_given_ported_numbers_back: bool = False
    automatic: Automatic | None = None
    port_out: Period | None = None
    effective_from: date
    checked: date
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]

    @property
    def name(self) -> str:
        """Such as `example-mobile-uk@1`."""
        return f"{self.rule}@{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done with a line, at an aware instant. kind: "activation", or any other act."""

    kind: str
    happened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What becomes of a number if nothing more is done with it; all instants are UTC.

    deadline: an act before it counts; the first instant that may be too late. warn_at: one per
    day of WARN_DAYS that is not before the act itself, oldest first, with its days.
    grace_until: until then the operator can still give it back; the deadline where it cannot.
    quarantine_until: before it nobody else may get the number; None where no rule says.
    """

    rule: str
    last_qualifying: Act
    deadline: datetime
    warn_at: tuple[tuple[int, datetime], ...]
    grace_until: datetime
    quarantine_until: datetime | None

    def warning_at(self, moment: datetime) -> int | None:
        """The days of the latest warning that is due by `moment`; None before the first."""
        due = [days for days, at in self.warn_at if at <= moment]
        return min(due, default=None)

    def stage_at(self, moment: datetime) -> str:
        """Where the number stands by its clock: active, grace or disconnected."""
        if moment >= self.grace_until:
            return "disconnected"
        return "active" if moment < self.deadline else "grace"


def forecast(events: Iterable[Act], rule: Rule, zone: ZoneInfo) -> Forecast | None:
    """What follows from `events` by `rule`; None where nothing has started its clock.

    Days are counted on the calendar of `zone`: six months are not 180 days, and 31 August plus
    six months is the last of February. Where a rule leaves room, the number is thought to be lost
    at the beginning of the last day, and kept in quarantine until the end of it. Activation starts
    the clock under every rule. Raises OverflowError or ValueError after the year 9999.
    """
    counting = [act for act in events if act.kind in ("activation", *rule.qualifying)]
    if not counting:
        return None
    last = max(counting, key=lambda act: (act.happened_at, act.kind))
    lost_on = add_period(_day_of(last, zone), rule.every)
    gone_on = add_period(lost_on, rule.grace)
    deadline = _start_of(lost_on, zone)
    return Forecast(
        rule=rule.name,
        last_qualifying=last,
        deadline=deadline,
        warn_at=_warnings(last, lost_on, zone),
        grace_until=_start_of(gone_on, zone),
        quarantine_until=quarantine_until(gone_on, rule, zone),
    )


def forecast_at(
    events: Iterable[Act], versions: Sequence[Rule], zone: ZoneInfo, at: datetime
) -> Forecast | None:
    """The forecast as it stood `at` that moment: what had happened, by the rule then in force."""
    known = [act for act in events if act.happened_at <= at]
    rule = in_force(versions, at.astimezone(zone).date())
    return forecast(known, rule, zone) if rule else None


def in_force(versions: Iterable[Rule], on: date) -> Rule | None:
    """The newest of a rule's versions that had begun by that day; None before the first."""
    begun = [rule for rule in versions if rule.effective_from <= on]
    return max(begun, key=lambda rule: (rule.effective_from, rule.version), default=None)


def quarantine_until(lost_on: date, rule: Rule, zone: ZoneInfo) -> datetime | None:
    """Until when nobody else may get a number lost on that day; None where no rule says."""
    if rule.quarantine is None:
        return None
    return _end_of(add_period(lost_on, rule.quarantine), zone)


def add_period(day: date, period: str) -> date:
    """The day `period` (ISO 8601, one unit: P6M, P180D, P1Y) after `day`; month ends clamp.

    Raises OverflowError or ValueError after the year 9999.
    """
    match = _PERIOD.fullmatch(period)
    assert match, f"{period} is no period"
    count, unit = int(match[1]), match[2]
    if unit == "D":
        return day + count * _DAY
    return add_months(day, count * (12 if unit == "Y" else 1))


def rule_names() -> tuple[str, ...]:
    """The rules that come with the program, without versions, in alphabetical order."""
    return tuple(sorted({rule.rule for rule in _rules()}))


def versions_of(name: str) -> tuple[Rule, ...]:
    """Every version of a rule, oldest first. Raises BadPack for a name that nobody knows."""
    found = tuple(rule for rule in _rules() if rule.rule == name)
    if not found:
        raise BadPack(f"there is no keep-alive rule {name!r}")
    return found


def rule_version(name: str) -> Rule:
    """The version of that name, `example-mobile-uk@1`. Raises BadPack."""
    for rule in versions_of(name.partition("@")[0]):
        if rule.name == name:
            return rule
    raise BadPack(f"there is no keep-alive rule {name!r}")


@cache
def _rules() -> tuple[Rule, ...]:
    from importlib.resources import files

    folder = files("fairroam.rules") / "keep_alive"
    rules = [_read(entry.read_bytes()) for entry in folder.iterdir() if _is_rule(entry.name)]
    return tuple(sorted(rules, key=lambda rule: (rule.rule, rule.version)))


def _is_rule(file_name: str) -> bool:
    return file_name.endswith(".toml")


def _read(text: bytes) -> Rule:
    import msgspec

    return msgspec.toml.decode(text, type=Rule, strict=True)


def _day_of(act: Act, zone: ZoneInfo) -> date:
    return act.happened_at.astimezone(zone).date()


def _warnings(last: Act, lost_on: date, zone: ZoneInfo) -> tuple[tuple[int, datetime], ...]:
    days = [(count, _start_of(lost_on - count * _DAY, zone)) for count in WARN_DAYS]
    return tuple((count, at) for count, at in days if at > last.happened_at)


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return _end_of(day - _DAY, zone)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(end_of_day(day, zone), UTC)
