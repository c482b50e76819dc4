"""Locks and guarded moves of keepings and numbers: the line first, then its keeping, its number."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db import models

from fairroam.apps.esims.models import IdentityCheck, KeepAlive, Keeping, Number, PortOut
from fairroam.apps.esims.operations.moves import lock_line
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.rules import stages

Staged = TypeVar("Staged", Keeping, Number, KeepAlive, PortOut, IdentityCheck)

TABLES: dict[type[models.Model], stages.Moves] = {
    Keeping: stages.KEEPING,
    Number: stages.NUMBER,
    KeepAlive: stages.KEEP_ALIVE,
    PortOut: stages.PORT_OUT,
    IdentityCheck: stages.IDENTITY,
}


def lock_keeping(line_id: int) -> Keeping | None:
    """Lock a line and its keeping until the transaction ends; None where it keeps no number."""
    if not Keeping.objects.filter(pk=line_id).exists():
        return None
    lock_line(line_id)
    return Keeping.objects.select_for_update(no_key=True, of=("self",)).get(pk=line_id)


def lock_own_keeping(line_id: int, customer_id: int) -> Keeping:
    """The same for its owner. Raises NotAmongYours."""
    keeping = lock_keeping(line_id)
    if keeping is None or keeping.customer_id != customer_id:
        raise NotAmongYours(line_id=line_id)
    return keeping


def lock_number(keeping: Keeping) -> Number:
    """Lock the number of a locked keeping that has one."""
    assert keeping.number_id is not None
    return Number.objects.select_for_update(no_key=True).get(pk=keeping.number_id)


def move(row: Staged, name: str, **changes: Any) -> None:
    """Move on from the stage in which `row` was read. Raises MoveNotAllowed, MovedMeanwhile."""
    table = TABLES[type(row)]
    after = stages.next_stage(table, row.stage, name)
    if hasattr(row, "is_live"):
        changes["is_live"] = None if after in stages.terminal(table) else True
    journal.advance(row, after, **changes)


def tell(
    kind: str, keeping: Keeping, *, now: datetime, actor: str = "system", **facts: object
) -> None:
    """Tell what happened to a keeping. The number itself is personal: events do not hold it."""
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=keeping.customer_id,
        order_line_id=keeping.pk,
        line_id=keeping.pk,
        **facts,
    )
