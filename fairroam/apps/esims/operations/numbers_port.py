"""Take a number along to another operator: the code, its time, and the number's departure."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.esims.models import Keeping, PortOut
from fairroam.apps.esims.operations.end import take_off
from fairroam.apps.esims.operations.numbers_end import let_go
from fairroam.apps.esims.operations.numbers_keep import follow_clock
from fairroam.apps.esims.operations.numbers_moves import (
    lock_keeping,
    lock_number,
    lock_own_keeping,
    move,
    tell,
)
from fairroam.apps.esims.queries import numbers as queries
from fairroam.apps.esims.refusals import NotAllowedByOperator, NumberNotKept
from fairroam.apps.journal import operations as journal
from fairroam.gateways.lines import Capabilities, PortOutCode
from fairroam.rules import stages


def ask_port_out(
    *, line_id: int, customer_id: int, key: UUID, capabilities: Capabilities, now: datetime
) -> PortOut:
    """Ask for the code with which the number moves. Nothing else changes before it is used.

    key: of the form; sent again it gives the same wish. Raises NotAmongYours, AccountClosed,
    NumberNotKept, NotAllowedByOperator, KeyReused.
    """

    def work() -> dict[str, Any]:
        customers.lock_open(customer_id)
        keeping = lock_own_keeping(line_id, customer_id)
        return {"port_out_id": _begin(keeping, capabilities, now).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="port-out",
        key=str(key),
        request={"line_id": line_id},
        work=work,
        now=now,
    )
    return PortOut.objects.get(pk=answer["port_out_id"])


@transaction.atomic
def record_code(*, port_out_id: int, issued: PortOutCode, now: datetime) -> None:
    """The operator has given the code; nobody hears it but the owner, after a new sign-in code."""
    port_out, keeping = _lock(port_out_id)
    if port_out.stage == "asked":
        move(port_out, "issue", code=issued.code, expires_at=issued.expires_at)
        tell("port_out.issued", keeping, now=now, port_out_id=port_out.pk)


@transaction.atomic
def refuse_code(*, port_out_id: int, reason: str, now: datetime) -> None:
    """The operator gives no code: the number stays, a person finds out why."""
    port_out, keeping = _lock(port_out_id)
    if port_out.stage == "asked":
        move(port_out, "refuse", ended_at=now, reason=reason[:40])
        tell("port_out.refused", keeping, now=now, port_out_id=port_out.pk, reason=reason)
        _stay(keeping, now)


@transaction.atomic
def note_shown(*, line_id: int, customer_id: int, now: datetime) -> None:
    """Write down that the code was shown: should the number move, it is known to whom it was."""
    keeping = lock_own_keeping(line_id, customer_id)
    tell("port_out.shown", keeping, actor=f"customer:{customer_id}", now=now)


@transaction.atomic
def expire_code(*, port_out_id: int, now: datetime) -> None:
    """Forget a code whose time is over: the number stays, and its clock goes on."""
    port_out, keeping = _lock(port_out_id)
    if port_out.stage == "issued" and port_out.expires_at and port_out.expires_at <= now:
        move(port_out, "expire", code="", ended_at=now)
        tell("port_out.expired", keeping, now=now, port_out_id=port_out.pk)
        _stay(keeping, now)


def expire_codes(*, now: datetime) -> int:
    """Forget every code whose time is over; returns how many. Run it now and then."""
    over = PortOut.objects.filter(stage="issued", expires_at__lte=now).order_by("pk")
    port_out_ids = list(over.values_list("pk", flat=True))
    for port_out_id in port_out_ids:
        expire_code(port_out_id=port_out_id, now=now)
    return len(port_out_ids)


@transaction.atomic
def record_ported_out(*, line_id: int, now: datetime) -> None:
    """The number has moved to the operator its owner chose; what is left of the line is ended."""
    keeping = lock_keeping(line_id)
    if keeping is not None and keeping.is_live:
        let_go(line_id, reason="ported_out", now=now)
        take_off(order_line_id=line_id, now=now)


def _begin(keeping: Keeping, capabilities: Capabilities, now: datetime) -> PortOut:
    if keeping.stage != "kept":
        raise NumberNotKept(line_id=keeping.pk)
    number = lock_number(keeping)
    under_way = PortOut.objects.filter(keeping=keeping, is_live=True).first()
    if under_way is not None:
        return under_way
    if (number.stage, "ask_port_out") not in stages.NUMBER:
        raise NumberNotKept(line_id=keeping.pk)
    if queries.rule_of(keeping, now).port_out is None or not capabilities.ports_out:
        raise NotAllowedByOperator(line_id=keeping.pk)
    move(number, "ask_port_out")
    port_out = PortOut.objects.create(keeping=keeping, key=uuid4(), asked_at=now)
    actor = f"customer:{keeping.customer_id}"
    tell("port_out.asked", keeping, actor=actor, now=now, port_out_id=port_out.pk)
    return port_out


def _stay(keeping: Keeping, now: datetime) -> None:
    number = lock_number(keeping)
    if number.stage == "port_out_pending":
        move(number, "stay")
    follow_clock(line_id=keeping.pk, now=now)


def _lock(port_out_id: int) -> tuple[PortOut, Keeping]:
    line_id = PortOut.objects.values_list("keeping_id", flat=True).get(pk=port_out_id)
    keeping = lock_keeping(line_id)
    assert keeping is not None
    return PortOut.objects.select_for_update(no_key=True).get(pk=port_out_id), keeping
