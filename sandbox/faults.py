"""Faults that a stand-in can play on demand: what goes wrong before and after the effect.

To add a fault, add one line to `BEFORE_EFFECT` (the call does nothing) or `AFTER_EFFECT` (the
effect has happened, only its answer is spoiled).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from typing import Any

SECONDS_MAX = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller.

    pause_seconds: wait before the first byte. drip_seconds: wait after each byte of the body.
    is_dropped: close the connection without a word.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    pause_seconds: float = 0.0
    drip_seconds: float = 0.0
    is_dropped: bool = False


def json_answer(value: Any, status: int = 200) -> Answer:
    """Answer with `value` as JSON."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json"})


@dataclass(slots=True)
class Fault:
    """The next `times` calls named `call` suffer `kind`, None = all of them until it is disarmed.

    `seconds` is for those that wait.
    """

    call: str
    kind: str
    times: int | None
    seconds: float


def _wrong_amount(fault: Fault, answer: Answer) -> Answer:
    return _retold(answer, ("amount", "amount_total", "value"), _one_more)


def _wrong_currency(fault: Fault, answer: Answer) -> Answer:
    return _retold(
        answer,
        ("currency", "currency_code"),
        _other_currency,
    )


def _other_currency(currency: str) -> str:
    """Of the codes that ISO 4217 keeps for tests; in the letters of the one that was there."""
    other = "XTS" if currency.upper() != "XTS" else "XXX"
    return other.lower() if currency.islower() else other


def _one_more(amount: Any) -> Any:
    """Whole minor units, or a decimal as text; what holds an amount further in stays."""
    if isinstance(amount, str):
        return str(Decimal(amount) + 1)
    return amount + 1 if isinstance(amount, int) else amount


def _retold(answer: Answer, names: tuple[str, ...], change: Callable[[Any], Any]) -> Answer:
    def changed(found: dict[str, Any]) -> dict[str, Any]:
        return found | {name: change(found[name]) for name in names if name in found}

    return replace(answer, body=json.dumps(json.loads(answer.body, object_hook=changed)).encode())


BEFORE_EFFECT: dict[str, Callable[[Fault], Answer]] = {
    "down": lambda fault: Answer(503, b"", is_dropped=True),
    "error_before_effect": lambda fault: json_answer({"error": "internal"}, 500),
    "too_many_requests": lambda fault: replace(
        json_answer({"error": "too_many_requests"}, 429),
        headers={"Content-Type": "application/json", "Retry-After": "1"},
    ),
    "redirect": lambda fault: Answer(302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
    "time_out_before_effect": lambda fault: Answer(
        500, b"", pause_seconds=fault.seconds, is_dropped=True
    ),
}
AFTER_EFFECT: dict[str, Callable[[Fault, Answer], Answer]] = {
    "error_after_effect": lambda fault, answer: json_answer({"error": "internal"}, 500),
    "time_out_after_effect": lambda fault, answer: replace(
        answer, pause_seconds=fault.seconds, is_dropped=True
    ),
    # The answer is right but late, so that events of the effect arrive before it.
    "late_answer": lambda fault, answer: replace(answer, pause_seconds=fault.seconds),
    "slow": lambda fault, answer: replace(
        answer, drip_seconds=fault.seconds / max(len(answer.body), 1)
    ),
    "broken_json": lambda fault, answer: replace(answer, body=answer.body[: len(answer.body) // 2]),
    "wrong_amount": _wrong_amount,
    "wrong_currency": _wrong_currency,
}


class Faults:
    """The faults that are armed, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []
        self._own: dict[str, frozenset[str]] = {}

    def allow(self, call: str, kinds: Iterable[str]) -> None:
        """Let `call`, which is no HTTP route, suffer these faults; who plays it takes them."""
        self._own[call] = frozenset(kinds)

    def arm(
        self,
        *,
        known_calls: set[str],
        call: str,
        fault: str,
        times: int | None = 1,
        seconds: float = 30.0,
    ) -> None:
        """Arm `fault`; see `Fault`. Raises ValueError when unknown."""
        usual = BEFORE_EFFECT.keys() | AFTER_EFFECT.keys()
        kinds_by_call = dict.fromkeys(known_calls, usual) | self._own
        if call not in kinds_by_call:
            raise ValueError(f"call is one of {sorted(kinds_by_call)}")
        if fault not in kinds_by_call[call]:
            raise ValueError(f"fault is one of {sorted(kinds_by_call[call])}")
        if not ((times is None or times >= 1) and 0 <= seconds <= SECONDS_MAX):
            raise ValueError(f"times is 1 or more or null, seconds from 0 to {SECONDS_MAX:g}")
        with self._lock:
            self._armed.append(Fault(call, fault, times, seconds))

    def take(self, call: str) -> Fault | None:
        """Return the fault that the present call of `call` must suffer, if any."""
        with self._lock:
            for fault in self._armed:
                if call and fault.call == call:
                    if fault.times is not None:
                        fault.times -= 1
                    self._armed = [other for other in self._armed if other.times != 0]
                    return fault
        return None

    def armed(self) -> list[dict[str, Any]]:
        """Return what is still armed."""
        with self._lock:
            return [asdict(fault) for fault in self._armed]

    def disarm(self) -> None:
        """Forget everything that is armed."""
        with self._lock:
            self._armed.clear()
