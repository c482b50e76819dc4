"""What a decision costs, beside reading and writing its line with the standard library.

A decision is all that `fairroam decide` does for one line: read, check, decide, write. Both ways
take turns over small slices of the same lines, timed by the processor's own clock, so that a busy
machine slows both alike; each round has 4,000 new lines, so that nothing was seen before. The
figure is the median of all slices, on the last line; the exit code is 1 when it misses the bar.
"""

from __future__ import annotations

import gc
import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from time import process_time
from typing import Any

from fairroam.project.decide import respond
from fairroam.rules import load_tables

LINES = 4_000
SLICE = 50
ROUNDS = 5
BAR = 5.0

HOMES = [
    ("Europe/Berlin", "DE", "EUR"),
    ("Europe/Berlin", "DE-BY", "EUR"),
    ("Europe/Paris", "FR", "EUR"),
    ("Europe/Lisbon", "PT", "EUR"),
    ("Europe/London", "GB", "GBP"),
    ("Asia/Tokyo", "JP", "JPY"),
    ("Asia/Shanghai", "CN", "CNY"),
    ("Asia/Taipei", "TW", "TWD"),
    ("Asia/Kuwait", "KW", "KWD"),
    ("America/New_York", "US-NY", "USD"),
    ("America/Sao_Paulo", "BR", "BRL"),
    ("Australia/Lord_Howe", "AU", "AUD"),
]
PACKS: list[list[Any]] = [
    ["eu-crd@1"],
    ["eu-crd@1", "house@1"],
    ["eu-crd@1", "house@2"],
    ["uk-ccr@1", "house@2"],
    ["cn-prepaid@1", "house@1"],
    ["prorata@1"],
]
TRIP = datetime(2026, 1, 1, tzinfo=UTC)


def random_case(chance: random.Random) -> dict[str, Any]:
    """A valid case in which each ground has a chance to matter."""
    zone, residence, currency = chance.choice(HOMES)
    bought = TRIP + timedelta(seconds=chance.randrange(2 * 365 * 86_400))
    starts = bought + timedelta(seconds=chance.randrange(20 * 86_400))
    declared = bought + timedelta(seconds=chance.randrange(40 * 86_400))
    at = "{:%Y-%m-%dT%H:%M:%SZ}".format
    paid = chance.randrange(100, 10_000)
    facts: dict[str, Any] = {
        "currency": currency,
        "paid": paid,
        "tax_rate": chance.choice(["0", "0.19", "0.10"]),
        "zone": zone,
        "residence": residence,
        "concluded_at": at(bought),
        "paid_at": at(bought),
        "ready_at": at(bought + timedelta(seconds=30)),
        "declared_at": at(declared),
    }
    for consent in ("notice_received_at", "express_request_at", "loss_acknowledged_at"):
        facts[consent] = at(bought) if chance.random() < 0.9 else None
    if chance.random() < 0.8:
        facts |= _plan(chance, starts, at)
    if chance.random() < 0.2:
        facts["refunded"] = chance.randrange(paid // 4)
    if chance.random() < 0.2 and "refunded" not in facts:
        credit = chance.randrange(paid)
        facts["tenders"] = [
            _tender("v", "voucher", "credit", credit),
            _tender("c", "card", "cash", paid - credit),
        ]
    return {"packs": chance.choice(PACKS), "facts": facts}


def _tender(identity: str, method: str, kind: str, captured: int) -> dict[str, Any]:
    return {
        "id": identity,
        "method": method,
        "kind": kind,
        "captured": captured,
        "refunded": 0,
        "pending": 0,
        "disputed": False,
    }


def _plan(chance: random.Random, starts: datetime, at: Callable[[datetime], str]) -> dict[str, Any]:
    """A plan that was started: its activation, its use, and what went wrong."""
    kinds = chance.sample(["data", "voice", "sms"], chance.randint(1, 3))
    plan: dict[str, Any] = {
        "first_attach_at": at(starts),
        "first_usage_at": at(starts + timedelta(seconds=60)),
        "starts_at": at(starts),
        "ends_at": at(starts + timedelta(days=chance.choice([7, 10, 30]))),
        "allowances": [
            {"kind": kind, "granted": 10**9, "used": chance.randrange(10**9), "weight": "0.5"}
            for kind in kinds
        ],
    }
    if chance.random() < 0.2:
        fails = starts + timedelta(seconds=chance.randrange(5 * 86_400))
        back = fails + timedelta(seconds=chance.randrange(2 * 86_400))
        plan["outages"] = [{"from": at(fails), "until": at(back)}]
    if chance.random() < 0.2:
        plan["trouble"] = {
            "opened_at": at(starts + timedelta(days=1)),
            "steps_done": chance.randint(0, 5),
            "restored_at": None,
            "cause": chance.choice(["technical", "no_coverage", "device_incompatible"]),
        }
    return plan


def _seconds(work: Callable[[bytes], object], lines: list[bytes]) -> float:
    start = process_time()
    for line in lines:
        work(line)
    return process_time() - start


def _reread(line: bytes) -> bytes:
    return json.dumps(json.loads(line)).encode()


def _round(lines: list[bytes]) -> list[float]:
    """How many times the cost of reading and writing again each slice took."""
    ratios = []
    for start in range(0, len(lines), SLICE):
        part = lines[start : start + SLICE]
        plain = _seconds(_reread, part)
        ratios.append(_seconds(respond, part) / plain)
    return ratios


def main() -> int:
    chance = random.Random(14)
    load_tables()
    gc.freeze()  # as the command does
    ratios = []
    for number in range(1, ROUNDS + 1):
        lines = [json.dumps(random_case(chance)).encode() for _ in range(LINES)]
        ratios += (ratios_now := _round(lines))
        low, middle, high = quantiles(ratios_now, n=4)
        print(f"round {number}: median {middle:.2f}, middle half {low:.2f} to {high:.2f}")
        assert b'"error"' not in respond(lines[0]), "every line is meant to be valid"
    figure = median(ratios)
    print(f"decide_over_json {figure:.1f} (bar {BAR:g})")
    return int(figure > BAR)


if __name__ == "__main__":
    sys.exit(main())
