"""The refund rules once more, slowly and straight from docs/rules.md; shares no code with ours.

Takes good facts and good packs only. Every share is a `Fraction`, every day is walked through.
"""

from __future__ import annotations

import calendar
import math
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import holidays

DAY = timedelta(days=1)
ACTIVATION = ["downloaded_at", "installed_at", "enabled_at", "first_attach_at", "first_usage_at"]
CONSENTS = ["notice_received_at", "express_request_at", "loss_acknowledged_at"]
HAPPENED = ["paid_at", "ready_at", *CONSENTS, *ACTIVATION, "starts_at"]


@cache
def zone(name: str) -> ZoneInfo:
    """Of the pinned package: the operating system's clocks may know other politics."""
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as source:
        return ZoneInfo.from_file(source)


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


class Line:
    """The facts, with defaults filled in and the future struck out."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.paid = facts["paid"]
        self.list_price = facts.get("list_price") or self.paid
        self.rate = Fraction(facts.get("tax_rate", "0"))
        self.refunded, self.pending = facts.get("refunded", 0), facts.get("pending", 0)
        self.tenders = facts.get("tenders") or [
            {
                "id": "t1",
                "captured": self.paid,
                "refunded": self.refunded,
                "pending": self.pending,
                "disputed": False,
            }
        ]
        self.zone, self.residence = zone(facts["zone"]), facts["residence"]
        self.declared = instant(facts["declared_at"])
        self.at = {"concluded_at": instant(facts["concluded_at"]), "declared_at": self.declared}
        self.at["received_at"] = instant(facts.get("received_at")) or self.declared
        self.at["ends_at"] = instant(facts.get("ends_at"))
        for name in HAPPENED:
            moment = instant(facts.get(name))
            self.at[name] = moment if moment and moment <= self.declared else None
        self.allowances = facts.get("allowances", [])
        self.outages = [
            (instant(outage["from"]), min(instant(outage["until"]), self.declared))
            for outage in facts.get("outages", [])
        ]
        self.trouble = facts.get("trouble")
        if self.trouble and instant(self.trouble["opened_at"]) > self.declared:
            self.trouble = None
        self.cause, self.asked = facts.get("cause", "consumer"), facts.get("asked")

    def local(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()


# --- windows -------------------------------------------------------------------------------


@cache
def calendar_of(residence: str) -> holidays.HolidayBase:
    country, _, part = residence.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def works(day: date, residence: str) -> bool:
    return day.weekday() < 5 and day not in calendar_of(residence)


@cache
def first_instant_after(day: date, zone: ZoneInfo) -> datetime:
    """Walk through the world's clocks until the local date is later than `day`."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=16)
    quarter = timedelta(minutes=15)
    while moment.astimezone(zone).date() <= day:
        moment += quarter
    moment -= quarter
    while moment.astimezone(zone).date() <= day:
        moment += timedelta(seconds=1)
    return moment


def months_later(day: date, count: int) -> date:
    year, month = day.year, day.month
    for _ in range(count):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def unrolled_last_day(window: dict[str, Any], start: date, residence: str) -> date:
    if window["unit"] == "month":
        return months_later(start, window["n"])
    day, left = start, window["n"]
    while left:
        day += DAY
        if window["unit"] == "day" or works(day, residence):
            left -= 1
    return day


def rolled(window: dict[str, Any], day: date, residence: str) -> date:
    while window.get("roll") == "working_day" and not works(day, residence):
        day += DAY
    return day


def window_end(ground: dict[str, Any], line: Line) -> datetime | None:
    window = ground.get("window")
    if window is None or line.at[window["from"]] is None:
        return None
    start = line.at[window["from"]]
    if window["unit"] == "hour":
        return start + timedelta(hours=window["n"])
    counted = unrolled_last_day(window, line.local(start), line.residence)
    ordinary = first_instant_after(rolled(window, counted, line.residence), line.zone)
    if ground["ground"] != "withdrawal" or not ground.get("consents", True):
        return ordinary
    a_year_longer = first_instant_after(months_later(counted, 12), line.zone)
    notice = line.at["notice_received_at"]
    if notice is None:
        return a_year_longer
    if line.local(notice) <= line.local(line.at["concluded_at"]):
        return ordinary
    late = unrolled_last_day(window, line.local(notice), line.residence)
    from_notice = first_instant_after(rolled(window, late, line.residence), line.zone)
    return max(ordinary, min(from_notice, a_year_longer))


# --- shares --------------------------------------------------------------------------------


def time_share(line: Line, unit: str) -> Fraction:
    starts, ends = line.at["starts_at"], line.at["ends_at"]
    if starts is None or line.declared < starts:
        return Fraction(0)
    if line.declared >= ends:
        return Fraction(1)
    if unit == "second":
        return Fraction(
            int((line.declared - starts).total_seconds()), int((ends - starts).total_seconds())
        )
    begun = sum(1 for block in blocks(line) if block <= line.declared)
    return Fraction(begun, len(blocks(line)))


def blocks(line: Line) -> list[datetime]:
    """The beginnings of the plan days."""
    beginnings, moment = [], line.at["starts_at"]
    while moment < line.at["ends_at"]:
        beginnings.append(moment)
        moment += timedelta(hours=24)
    return beginnings


def allowance_share(allowance: dict[str, Any], passed: Fraction) -> Fraction:
    if allowance["granted"] is None:
        return passed
    if allowance["granted"] == 0:
        return Fraction(1 if allowance["used"] > 0 else 0)
    return min(Fraction(1), Fraction(allowance["used"], allowance["granted"]))


def used_share(line: Line, measure: dict[str, str]) -> Fraction:
    passed = time_share(line, measure.get("time_unit", "second"))
    by = measure.get("by", "weights")
    if by == "time" or not line.allowances:
        return passed
    shares = [allowance_share(allowance, passed) for allowance in line.allowances]
    if by == "largest":
        return max(shares)
    weights = [Fraction(allowance.get("weight", 1)) for allowance in line.allowances]
    weighted = sum(weight * share for weight, share in zip(weights, shares, strict=True))
    return weighted / sum(weights)


def fully_performed(line: Line) -> bool:
    if line.at["ends_at"] and line.declared >= line.at["ends_at"]:
        return True
    limited = [one for one in line.allowances if one["granted"] is not None]
    all_used = all(allowance_share(one, Fraction(0)) == 1 for one in limited)
    return bool(limited) and len(limited) == len(line.allowances) and all_used


def lost_seconds(line: Line, begin: datetime, end: datetime) -> int:
    """The union of the outages between two instants, edge by edge."""
    edges = sorted({begin, end, *(edge for outage in line.outages for edge in outage)})
    edges = [edge for edge in edges if begin <= edge <= end]
    return sum(
        int((later - earlier).total_seconds())
        for earlier, later in pairwise(edges)
        if any(start <= earlier and later <= until for start, until in line.outages)
    )


# --- grounds: (entitled or None when kept out, share) ---------------------------------------


Verdict = tuple[int | None, Fraction]


def judge(ground: dict[str, Any], pack: dict[str, Any], line: Line) -> Verdict:
    used = used_share(line, pack.get("measure", {}))
    end = window_end(ground, line)
    if end is not None and line.declared >= end:
        return None, used
    basis = {
        "agreed": line.paid,
        "list": line.list_price,
        "by_cause": line.list_price if line.cause == "consumer" else line.paid,
    }[pack.get("basis", "agreed")]
    exact = basis * used
    half_up = pack.get("retain_rounding", "floor") == "half_up"
    retain = min(line.paid, math.floor(exact + Fraction(1, 2)) if half_up else math.floor(exact))
    return GROUNDS[ground["ground"]](ground, line, used, line.paid - retain)


def withdrawal(ground: dict[str, Any], line: Line, used: Fraction, rest: int) -> Verdict:
    agreed = line.at["express_request_at"] and line.at["loss_acknowledged_at"]
    if ground.get("lost_when_performed", True) and agreed and fully_performed(line):
        return None, used
    informed = line.at["notice_received_at"] and line.at["express_request_at"]
    return (rest if informed or not ground.get("consents", True) else line.paid), used


def unactivated(ground: dict[str, Any], line: Line, used: Fraction, _rest: int) -> Verdict:
    return (line.paid if line.at[ground["activation"]] is None else None), used


def unused(ground: dict[str, Any], line: Line, used: Fraction, _rest: int) -> Verdict:
    little = used <= Fraction(ground.get("de_minimis", "0"))
    return (line.paid if line.at[ground["activation"]] and little else None), used


def unconsumed(_ground: dict[str, Any], line: Line, used: Fraction, rest: int) -> Verdict:
    return (None if fully_performed(line) else rest), used


def incompatible(_ground: dict[str, Any], line: Line, used: Fraction, _rest: int) -> Verdict:
    is_told = line.trouble and line.trouble["cause"] == "device_incompatible"
    return (line.paid if is_told and not line.at["first_usage_at"] else None), used


def unusable(ground: dict[str, Any], line: Line, used: Fraction, rest: int) -> Verdict:
    trouble = line.trouble
    if not trouble or trouble["cause"] == "device_incompatible":
        return None, used
    restored = instant(trouble.get("restored_at"))
    waited = (line.declared - instant(trouble["opened_at"])).total_seconds()
    if (restored and restored <= line.declared) or waited < ground.get("cure_seconds", 0):
        return None, used
    if trouble["steps_done"] < ground.get("steps", 0):
        return None, used
    little = used <= Fraction(ground.get("full_if_used_at_most", "0"))
    return (line.paid if little else rest), used


def goodwill(_ground: dict[str, Any], _line: Line, used: Fraction, _rest: int) -> Verdict:
    return None, used


def outage(ground: dict[str, Any], line: Line, used: Fraction, _rest: int) -> Verdict:
    starts, ends = line.at["starts_at"], line.at["ends_at"]
    if starts is None:
        return None, used
    lost = lost_seconds(line, starts, ends)
    if lost < ground.get("min_seconds", 0):
        return None, used
    if ground.get("unit", "second") == "second":
        share = Fraction(lost, int((ends - starts).total_seconds()))
    else:
        begins = blocks(line)
        enough = ground.get("day_seconds", 21600)
        bad = [
            begin
            for begin in begins
            if lost_seconds(line, begin, min(begin + timedelta(hours=24), ends)) >= enough
        ]
        share = Fraction(len(bad), len(begins))
    if "full_from" in ground and share >= Fraction(ground["full_from"]):
        return line.paid, share
    return math.ceil(line.paid * share), share


GROUNDS = {
    "withdrawal": withdrawal,
    "unactivated": unactivated,
    "unused": unused,
    "unconsumed": unconsumed,
    "outage": outage,
    "unusable": unusable,
    "incompatible": incompatible,
    "goodwill": goodwill,
}


# --- the decision --------------------------------------------------------------------------


def tax(amount: int, rate: Fraction) -> int:
    return math.floor(amount * rate / (1 + rate) + Fraction(1, 2))


def split(due: int, tenders: list[dict[str, Any]]) -> list[dict[str, Any]]:
    left = [one["captured"] - one["refunded"] - one["pending"] for one in tenders]
    exact = [Fraction(due * one, sum(left) or 1) for one in left]
    parts = [math.floor(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: due - sum(parts)]:
        parts[i] += 1
    return [
        {"tender": tender["id"], "amount": part, "held": tender["disputed"]}
        for tender, part in zip(tenders, parts, strict=True)
        if part
    ]


Winner = tuple[dict[str, Any], dict[str, Any], Fraction]


def best_of(line: Line, packs: list[dict[str, Any]]) -> tuple[int, Winner | None]:
    best, winner = (0, False), None
    for pack in packs:
        for ground in pack["grounds"]:
            entitled, share = judge(ground, pack, line)
            rank = (max(0, (entitled or 0) - ground.get("fee", 0)), pack.get("statutory", False))
            if rank[0] and rank > best:
                best, winner = rank, (pack, ground, share)
    return best[0], winner


def without_winner(line: Line, packs: list[dict[str, Any]]) -> dict[str, Any]:
    ends, caps = [], [0]
    for ground in (ground for pack in packs for ground in pack["grounds"]):
        end = window_end(ground, line)
        if end is not None and end <= line.declared:
            ends.append(end)
        elif ground["ground"] == "goodwill":
            caps.append(math.floor(line.paid * Fraction(ground["cap_share"])))
    names = ["ground", "pack", "share", "retain", "pay_by"]
    return {
        **dict.fromkeys(names),
        "deadline": write(max(ends)) if ends else None,
        "offer_cap": max(caps),
    }


def with_winner(line: Line, entitled: int, winner: Winner) -> dict[str, Any]:
    pack, ground, share = winner
    end = window_end(ground, line)
    pay_on = line.local(line.at["received_at"]) + DAY * pack.get("pay_within_days", 14)
    return {
        "ground": ground["ground"],
        "pack": f"{pack['pack']}@{pack['version']}",
        "share": str(share),
        "retain": line.paid - entitled,
        "deadline": write(end) if end else None,
        "pay_by": pay_on.isoformat(),
        "offer_cap": 0,
    }


def decide(facts: dict[str, Any], packs: list[dict[str, Any]]) -> dict[str, Any]:
    line = Line(facts)
    entitled, winner = best_of(line, packs)
    due = max(0, entitled - line.refunded - line.pending)
    if line.asked is not None:
        if line.asked > due:
            return {"error": "ASKED_TOO_MUCH", "due": due}
        due = line.asked
    parts = split(due, line.tenders)
    held = sum(part["amount"] for part in parts if part["held"])
    before = line.refunded + line.pending
    return {
        "refund": due - held,
        "held": held,
        "due": due,
        "entitled": entitled,
        "tax": tax(before + due, line.rate) - tax(before, line.rate),
        "split": parts,
        **(with_winner(line, entitled, winner) if winner else without_winner(line, packs)),
    }


def write(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
