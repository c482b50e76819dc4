"""Count what an incident costs, line by line, before anybody is asked to confirm it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from fairroam.apps.customers.models import Customer
from fairroam.apps.incidents import queries as incidents
from fairroam.apps.refunds.models import RefundRun, RefundRunLine
from fairroam.apps.refunds.operations.everyone.judging import judge_each
from fairroam.apps.refunds.operations.everyone.rows import copy_in
from fairroam.apps.refunds.operations.everyone.steering import (
    lock_run,
    move,
    refuse_all_but_operators,
    tell,
)
from fairroam.apps.refunds.refusals import IncidentNotOver, RunUnderWay

AT_ONCE = 1_000


@transaction.atomic
def ask_for_run(*, incident_id: int, user_id: int, now: datetime) -> RefundRun:
    """Have a run counted for a confirmed incident that is over; an older preview is discarded.

    Raises NotAllowed, NoSuchIncident, IncidentNotOver, RunUnderWay.
    """
    refuse_all_but_operators(user_id)
    incident = incidents.incident(incident_id)
    if incident.stage != "confirmed" or incident.ended_at is None:
        raise IncidentNotOver(incident_id=incident_id)
    actor = f"staff:{user_id}"
    former = RefundRun.objects.filter(incident_id=incident_id, is_live=True).first()
    if former is not None:
        run = lock_run(former.pk)
        if run.stage in ("running", "stopped"):
            raise RunUnderWay(run_id=run.pk)
        if run.is_live:
            move(run, "discard", now=now)
            tell(run, "run.discarded", actor=actor, now=now)
    run = RefundRun.objects.create(
        incident_id=incident_id,
        incident_version=incident.version,
        declared_at=now,
        made_by_id=user_id,
    )
    tell(run, "run.asked", actor=actor, now=now)
    return run


def preview(*, run_id: int, now: datetime) -> None:
    """Judge every line that was hit, and store what was found with its digest. Safe to repeat."""
    run = RefundRun.objects.get(pk=run_id)
    if run.stage != "counting":
        return  # Counted by an earlier run, or discarded.
    hit = [hit.order_line_id for hit in incidents.hits(run.incident_id)]
    rows = [row for at in range(0, len(hit), AT_ONCE) for row in count(run, hit[at : at + AT_ONCE])]
    digest = hashlib.sha256(f"{run.incident_id} {run.incident_version}\n".encode())
    for row in rows:
        digest.update(
            f"{row.order_line_id} {row.finding} {row.due_minor} {row.currency}\n".encode()
        )
    with transaction.atomic():
        run = lock_run(run_id)
        if run.stage == "counting":
            copy_in(rows)
            move(run, "preview", now=now, digest=digest.hexdigest(), previewed_at=now)
            tell(run, "run.previewed", actor="rules", now=now, digest=run.digest, lines=len(rows))


def count(run: RefundRun, order_line_ids: list[int]) -> list[RefundRunLine]:
    """What the rules find for these lines, as rows."""
    owners = Customer.objects.filter(orders__lines__any_of=order_line_ids)
    gone = owners.exclude(is_open=True, leaving_at__isnull=True)
    judged = judge_each(
        order_line_ids,
        declared_at=run.declared_at,
        closed=set(gone.values_list("pk", flat=True)),
    )
    return [
        RefundRunLine(
            run_id=run.pk,
            order_line_id=line_id,
            customer_id=one.terms.customer_id,
            finding=one.finding,
            currency=one.terms.currency,
            due_minor=one.due,
            held_minor=one.held,
        )
        for line_id, one in judged.items()
    ]
