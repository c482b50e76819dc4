"""Confirm, stop, resume, discard and finish a run; each act is told with who did it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.refusals import FourEyes, NotAllowed
from fairroam.apps.incidents import queries as incidents
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.apps.ledger.operations import open_book
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.orders.operations.refund import tax_book
from fairroam.apps.papers import operations as papers
from fairroam.apps.refunds.models import RefundRun, RefundRunLine
from fairroam.apps.refunds.refusals import NoSuchRun, PreviewOutdated
from fairroam.rules import stages

ENDED = stages.terminal(stages.REFUND_RUN)


def refuse_all_but_operators(user_id: int) -> None:
    """Raise NotAllowed for whom is no operator."""
    member = customers.staff_member(user_id)
    if member is None or member.role != "operator":
        raise NotAllowed(role="operator")


def lock_run(run_id: int) -> RefundRun:
    """Lock a run until the transaction ends. Raises NoSuchRun."""
    run = RefundRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None:
        raise NoSuchRun(run_id=run_id)
    return run


def move(run: RefundRun, step: str, *, now: datetime, **changes: Any) -> None:
    """Make a move of the stage table under the lock of the run. Raises MoveNotAllowed."""
    try:
        run.stage = stages.next_stage(stages.REFUND_RUN, run.stage, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(run_id=run.pk, stage=run.stage, move=step) from None
    if run.stage in ENDED:
        run.is_live, run.ended_at = None, now
    for name, value in changes.items():
        setattr(run, name, value)
    run.save()


def tell(run: RefundRun, kind: str, *, actor: str, now: datetime, **facts: Any) -> None:
    journal.tell(kind, actor=actor, now=now, run_id=run.pk, incident_id=run.incident_id, **facts)


@transaction.atomic
def confirm(*, run_id: int, digest: str, user_id: int, now: datetime) -> RefundRun:
    """A second person lets exactly the preview of that digest be paid.

    Raises NotAllowed, FourEyes, PreviewOutdated, MoveNotAllowed, NoSuchRun.
    """
    refuse_all_but_operators(user_id)
    run = lock_run(run_id)
    if run.made_by_id is None or customers.same_person(run.made_by_id, user_id):
        raise FourEyes(run_id=run_id)
    is_current = incidents.incident(run.incident_id).version == run.incident_version
    if run.stage == "previewed" and (digest != run.digest or not is_current):
        raise PreviewOutdated(run_id=run_id)
    move(run, "confirm", now=now, confirmed_by_id=user_id, confirmed_at=now)
    tell(run, "run.confirmed", actor=f"staff:{user_id}", now=now, digest=run.digest)
    return run


@transaction.atomic
def stop(*, run_id: int, user_id: int, now: datetime) -> RefundRun:
    """Begin no further batch; the one under way is finished. Raises as `confirm`."""
    return steer(run_id, "stop", "run.stopped", user_id, now)


@transaction.atomic
def resume(*, run_id: int, user_id: int, now: datetime) -> RefundRun:
    """Go on where a run was stopped. Raises as `confirm`."""
    return steer(run_id, "resume", "run.resumed", user_id, now)


@transaction.atomic
def discard(*, run_id: int, user_id: int, now: datetime) -> RefundRun:
    """Give up a preview, or what is left of a stopped run. Raises as `confirm`."""
    return steer(run_id, "discard", "run.discarded", user_id, now)


def steer(run_id: int, step: str, kind: str, user_id: int, now: datetime) -> RefundRun:
    refuse_all_but_operators(user_id)
    run = lock_run(run_id)
    move(run, step, now=now)
    tell(run, kind, actor=f"staff:{user_id}", now=now)
    return run


def make_ready(run_id: int, *, now: datetime) -> None:
    """Open the house's books that a run moves and the year's series of its credit notes.

    Before its batches, which would wait for each other. Safe to repeat.
    """
    lines = RefundRunLine.objects.filter(run=run_id, finding="owed", outcome__isnull=True)
    kinds = lines.values_list("currency", "order_line__order__residence", "order_line__tax_rate")
    for currency, residence, rate in kinds.distinct():
        open_book(BookName("earned", currency))
        open_book(tax_book(currency, residence, rate))
    papers.open_series("credit_note", now=now)


@transaction.atomic
def finish(*, run_id: int, now: datetime) -> bool:
    """End a running run with nothing left to do; whether it is over. Safe to repeat."""
    run = lock_run(run_id)
    if run.stage == "running" and not run.lines.filter(outcome__isnull=True).exists():
        move(run, "finish", now=now)
        tell(run, "run.finished", actor="system", now=now)
    return run.stage in ENDED
