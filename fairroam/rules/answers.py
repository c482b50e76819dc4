"""The rules' answer as JSON, refusals included: what a signed decision holds and anyone repeats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairroam.rules.decision import decide
from fairroam.rules.packs import compile_packs
from fairroam.rules.refusals import Refused


def answer(facts: dict[str, Any], packs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What `fairroam decide` prints for these facts and packs."""
    try:
        return decide(facts, compile_packs(packs)).as_json()
    except Refused as refused:
        return refused.as_json()
