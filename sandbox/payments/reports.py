"""The daily report of the stand-in, right or wrong as its settings say."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sandbox.store import Store


def daily_report(store: Store, day: str, *, fault: str, tongue: str) -> dict[str, Any]:
    """Return one line per act of `day` (UTC), and sums per currency.

    A capture counts on the day of the payment, a refund when it succeeds, and a refund that the
    bank sends back later counts again as `refund_returned`. fault: see `Settings.report_fault`.
    """
    lines = _reported(store, day, fault, tongue)
    sums: dict[str, dict[str, int]] = {}
    for line in lines:
        of_currency = sums.setdefault(line["currency"], {"fees": 0})
        of_currency[line["kind"]] = of_currency.get(line["kind"], 0) + line["amount"]
    return {"date": day, "currencies": sums, "lines": lines}


def _reported(store: Store, day: str, fault: str, tongue: str) -> list[dict[str, Any]]:
    lines = _entries(store, day, tongue)
    if fault == "dropped":
        return lines[1:]
    if fault == "doubled":
        return lines[:1] + lines
    if fault == "shifted":
        day_before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        return _entries(store, day_before, tongue)[-1:] + lines[:-1]
    return lines


def _entries(store: Store, day: str, tongue: str) -> list[dict[str, Any]]:
    return store.rows(
        "SELECT entries.* FROM entries LEFT JOIN tongues USING (intent)"
        " WHERE day = ? AND coalesce(tongue, '') = ? ORDER BY entries.rowid",
        day,
        tongue,
    )
