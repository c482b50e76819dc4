"""What does not work: the steps tried, the network's own facts, and what the rules are told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.queries.planned import question
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.queries.latest import latest_uses
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds.models import Trouble
from fairroam.apps.refunds.models.troubles import STEPS

KINDS = ("data", "voice", "sms")
# So much data since the trouble was opened shows that the plan works: a page or two. A phone that
# fails to connect may still be counted a few kilobytes.
WORKS_FROM_BYTES = 10**6


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step against a trouble: when it was tried, and whether it helped; None = not yet."""

    kind: str
    done_at: datetime | None
    has_helped: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSays:
    """What the network told of a line: first contact, latest use and its total, by kind."""

    attached_at: datetime | None
    used_at: datetime | None
    used: dict[str, int]

    def as_json(self) -> dict[str, Any]:
        told = {"attached_at": self.attached_at, "used_at": self.used_at}
        return {name: at and at.isoformat() for name, at in told.items()} | {"used": self.used}


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleRow:
    """A trouble for its page. restored_at: since when it works, told by them or by the network."""

    cause: str
    opened_at: datetime
    restored_at: datetime | None
    is_restored_by_network: bool
    steps: tuple[StepRow, ...]
    network: NetworkSays

    @property
    def steps_done(self) -> int:
        return sum(step.done_at is not None for step in self.steps)

    def as_fact(self) -> dict[str, Any]:
        """The fact `trouble` as the rules read it: whole seconds, UTC."""
        return {
            "opened_at": written(self.opened_at),
            "steps_done": self.steps_done,
            "restored_at": written(self.restored_at),
            "cause": self.cause,
        }


def written(moment: datetime | None) -> str | None:
    """An instant as the rules read it: UTC, whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat() if moment else None


def network_says(order_line_id: int) -> NetworkSays:
    """What the network has told of that line so far."""
    base_id = orders.base_of(order_line_id)
    latest = latest_uses(base_id, kinds=KINDS)
    usage = metering.usage_of(order_line_id)
    return NetworkSays(
        attached_at=esims.facts_of(base_id).first_attach_at,
        used_at=max((use.started_at for use in latest), default=None),
        used={allowance.kind: allowance.used for allowance in usage.allowances},
    )


def trouble_of(order_line_id: int) -> TroubleRow | None:
    """The newest trouble of that line; None when there never was one."""
    return troubles_of([order_line_id]).get(order_line_id)


def _troubled(order_line_ids: list[int]) -> QuerySet[Trouble, Any]:
    return Trouble.objects.filter(order_line_id__any_of=order_line_ids).values("id")[:1]


troubled_asked = question(_troubled, bool)  # Whether any of some lines ever had a trouble.


def troubles_of(order_line_ids: Iterable[int]) -> dict[int, TroubleRow]:
    """The newest trouble of each of those lines that ever had one."""
    found = Trouble.objects.filter(order_line_id__any_of=order_line_ids)
    newest = found.order_by("order_line_id", "-opened_at", "-pk").distinct("order_line_id")
    return {trouble.order_line_id: _row(trouble) for trouble in newest.prefetch_related("steps")}


def _row(trouble: Trouble) -> TroubleRow:
    network = network_says(trouble.order_line_id)
    done = {step.kind: step for step in trouble.steps.all()}
    works_since = _works_since(trouble, network)
    return TroubleRow(
        cause=trouble.cause,
        opened_at=trouble.opened_at,
        restored_at=trouble.restored_at or works_since,
        is_restored_by_network=trouble.restored_at is None and works_since is not None,
        steps=tuple(
            StepRow(kind, done[kind].done_at, done[kind].has_helped)
            if kind in done
            else StepRow(kind, None, None)
            for kind in STEPS
        ),
        network=network,
    )


def _works_since(trouble: Trouble, network: NetworkSays) -> datetime | None:
    """The latest use, when enough was used since the trouble was opened; else None."""
    if network.used_at is None or network.used_at <= trouble.opened_at:
        return None
    more = network.used.get("data", 0) - trouble.network["used"].get("data", 0)
    return network.used_at if more >= WORKS_FROM_BYTES else None
