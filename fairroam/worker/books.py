"""`fairroam books`: ask every app what contradicts the books."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from django.apps import apps
from django.core.cache import cache

from fairroam.apps.ledger import queries as ledger
from fairroam.clock import now

KEPT_AS = "books-checked"


def find_faults() -> Iterator[str]:
    """Every app's `find_faults()`, in the order of a customer's life."""
    for config in apps.get_app_configs():
        if config.name.startswith("fairroam.apps."):
            queries = import_module(f"{config.name}.queries")
            if hasattr(queries, "find_faults"):
                yield from (f"{config.label}: {fault}" for fault in queries.find_faults())


@dataclass(frozen=True, slots=True)
class Check:
    """How many faults all books had, and when they were asked."""

    faults: int
    at: datetime


def last_check() -> Check | None:
    """The last `fairroam books`, kept for monitors: asking all books takes long."""
    kept: Check | None = cache.get(KEPT_AS)
    return kept


def main(arguments: list[str]) -> int:
    """Print the trial balance and the faults; 1 when there is one."""
    for line in ledger.trial_balance():
        name = f"{line.name.kind} {line.name.label}".strip()
        sys.stdout.write(f"{name:<32}{line.minor:>16} {line.name.currency}\n")
    faults = list(find_faults())
    for fault in faults:
        sys.stdout.write(f"FAULT {fault}\n")
    cache.set(KEPT_AS, Check(len(faults), now()), timeout=None)
    sys.stdout.write(f"{len(faults)} faults\n")
    return 1 if faults else 0
