"""The worked cases and one ordinary order line to change one thing of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fairroam.rules import compile_packs, decide

CASES = Path(__file__).parent / "cases"
BOUGHT = "2026-07-06T09:00:00Z"


def read_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / name).read_text("utf-8").splitlines()]


def a_line(**changes: Any) -> dict[str, Any]:
    """A plan for 30 euros, bought in Berlin with all consents, half of its data used."""
    facts: dict[str, Any] = {
        "currency": "EUR",
        "paid": 3000,
        "zone": "Europe/Berlin",
        "residence": "DE",
        "concluded_at": BOUGHT,
        "paid_at": BOUGHT,
        "declared_at": "2026-07-12T17:12:04Z",
        "notice_received_at": BOUGHT,
        "express_request_at": BOUGHT,
        "loss_acknowledged_at": BOUGHT,
        "first_attach_at": "2026-07-07T09:00:00Z",
        "first_usage_at": "2026-07-07T09:05:00Z",
        "starts_at": "2026-07-07T09:00:00Z",
        "ends_at": "2026-08-06T09:00:00Z",
        "allowances": [{"kind": "data", "granted": 10**10, "used": 5 * 10**9}],
    }
    facts |= changes
    return {name: value for name, value in facts.items() if value is not ...}


def an_untouched_line(**changes: Any) -> dict[str, Any]:
    """The same plan, never activated."""
    gone = dict.fromkeys(["first_attach_at", "first_usage_at", "starts_at", "ends_at"], ...)
    return a_line(**{**gone, "allowances": [], **changes})


def answer(facts: dict[str, Any], *packs: Any) -> dict[str, Any]:
    return decide(facts, compile_packs(list(packs))).as_json()


def codes(decision: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in decision["reasons"]]


def a_pack(*grounds: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"pack": "own", "version": 1, "grounds": list(grounds), **changes}
