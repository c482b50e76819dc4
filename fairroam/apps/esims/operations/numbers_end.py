"""The end of a keeping: the number goes to quarantine, or to the operator its owner chose."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fairroam.apps.esims.models import KeepAlive, Keeping, Number, PortOut
from fairroam.apps.esims.operations.numbers_moves import lock_number, move, tell
from fairroam.rules import keep_alive
from fairroam.rules.zones import load_zone


def let_go(line_id: int, *, reason: str, now: datetime) -> None:
    """End what a locked line keeps, in the transaction that ends the line. Safe to repeat.

    reason: why the number is lost: `line_ended`, `not_used`, `ported_out`.
    """
    keeping = (
        Keeping.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=line_id, is_live=True)
        .first()
    )
    if keeping is None:
        return
    was_kept = keeping.stage == "kept"
    move(keeping, "end", ended_at=now, automatic_rule="")
    for act in KeepAlive.objects.filter(keeping=keeping, stage="asked"):
        move(act, "overtake", ended_at=now, reason=reason)
    for port_out in PortOut.objects.filter(keeping=keeping, is_live=True):
        is_used = reason == "ported_out" and port_out.stage == "issued"
        move(port_out, "use" if is_used else "end", code="", ended_at=now)
    if was_kept:
        number = lock_number(keeping)
        if reason == "ported_out":
            move(number, "port_out")
        else:
            _disconnect(number, reason=reason, now=now)
        told = {"ported_out": "number.ported_out", "not_used": "number.lost"}
        tell(told.get(reason, "number.let_go"), keeping, now=now, reason=reason)


def _disconnect(number: Number, *, reason: str, now: datetime) -> None:
    """The number is lost: nobody else gets it before its operator's quarantine is over."""
    versions = keep_alive.versions_of(number.rule)
    zone: ZoneInfo = load_zone(versions[0].zone)
    today = now.astimezone(zone).date()
    rule = keep_alive.in_force(versions, today) or versions[0]
    until = keep_alive.quarantine_until(today, rule, zone)
    move(number, "disconnect", disconnected_at=now, disconnect_reason=reason)
    move(number, "quarantine", quarantine_until=until)
