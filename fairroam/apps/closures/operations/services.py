"""End one service at once or at its time, while the account stays; its renewal stops right away."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.closures.models import ServiceEnd
from fairroam.apps.closures.refusals import BegunAlready, EndsAlready, NoSuchTime, ServiceIsOver
from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as lines
from fairroam.apps.esims.operations import numbers_renew
from fairroam.apps.esims.queries import numbers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.rules import stages
from fairroam.rules.closure_timing import SERVICE_END_MAX


def end_service(
    *, order_line_id: int, customer_id: int, at: datetime, key: UUID, actor: str, now: datetime
) -> ServiceEnd:
    """End the service of an order line at `at` (now or earlier: at once); a receipt follows.

    A renewal stops now in any case. Money back is another right and is not asked for here. key: of
    the form; sent again it gives the same end. Raises NotAmongYours, ServiceIsOver, EndsAlready,
    NoSuchTime (more than SERVICE_END_MAX away), KeyReused.
    """
    base_id = orders.base_of(order_line_id)  # A pack ends with the line it burns on.

    def work() -> dict[str, Any]:
        return {"end_id": _ask(base_id, customer_id, max(at, now), actor, now).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="service-end",
        key=str(key),
        request={"order_line_id": base_id, "at": at.isoformat()},
        work=work,
        now=now,
    )
    return ServiceEnd.objects.get(pk=answer["end_id"])


def _ask(
    order_line_id: int, customer_id: int, at: datetime, actor: str, now: datetime
) -> ServiceEnd:
    customers.lock(customer_id)
    if orders.terms_of(order_line_id).customer_id != customer_id:
        raise NotAmongYours(order_line_id=order_line_id)
    if lines.line_state(order_line_id).stage in ("terminating", "terminated"):
        raise ServiceIsOver(order_line_id=order_line_id)
    if at > now + SERVICE_END_MAX:
        raise NoSuchTime(order_line_id=order_line_id)
    if ServiceEnd.objects.filter(order_line_id=order_line_id, stage="asked").exists():
        raise EndsAlready(order_line_id=order_line_id)
    if numbers.has_keeping(order_line_id):
        numbers_renew.choose_renewal(
            line_id=order_line_id, customer_id=customer_id, renews=False, now=now
        )
    end = ServiceEnd.objects.create(
        customer_id=customer_id,
        order_line_id=order_line_id,
        asked_at=now,
        due_at=at,
        asked_by=actor,
    )
    _tell(end, "service.end_asked", actor=actor, now=now, due_at=at.isoformat())
    begin_end(end_id=end.pk, now=now)
    end.refresh_from_db()
    return end


@transaction.atomic
def undo_service_end(*, end_id: int, customer_id: int, now: datetime) -> None:
    """Let a service go on whose end has not begun; a stopped renewal stays stopped.

    Raises NotAmongYours, BegunAlready.
    """
    if not ServiceEnd.objects.filter(pk=end_id, customer_id=customer_id).exists():
        raise NotAmongYours(end_id=end_id)
    customers.lock(customer_id)
    if not _move(end_id, "asked", "undo"):
        raise BegunAlready(end_id=end_id)
    end = ServiceEnd.objects.get(pk=end_id)
    _tell(end, "service.end_undone", actor=f"customer:{customer_id}", now=now)


@transaction.atomic
def begin_end(*, end_id: int, now: datetime) -> bool:
    """Begin an end whose time has come; whether it was this call that did. Then it is final."""
    end = ServiceEnd.objects.get(pk=end_id)
    customers.lock(end.customer_id)
    due = ServiceEnd.objects.filter(pk=end_id, stage="asked", due_at__lte=now)
    if due.update(stage="ending", started_at=now) != 1:
        return False
    esims.take_off(order_line_id=end.order_line_id, now=now)
    return True


@transaction.atomic
def line_is_off(*, order_line_id: int, now: datetime) -> None:
    """The line is proven off, for whatever reason: its end is done. Safe to repeat."""
    end = ServiceEnd.objects.filter(order_line_id=order_line_id, stage__in=("asked", "ending"))
    for found in end.order_by("pk"):
        if _move(found.pk, found.stage, "end", ended_at=now):
            _tell(found, "service.ended", actor="system", now=now)


def _move(end_id: int, before: str, step: str, **changes: Any) -> bool:
    after = stages.next_stage(stages.SERVICE_END, before, step)
    rows = ServiceEnd.objects.filter(pk=end_id, stage=before)
    return rows.update(stage=after, **changes) == 1


def _tell(end: ServiceEnd, kind: str, *, actor: str, now: datetime, **facts: Any) -> None:
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=end.customer_id,
        end_id=end.pk,
        order_line_id=end.order_line_id,
        **facts,
    )
