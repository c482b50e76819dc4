"""Customers whom we know, and lines with a number."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from fairroam.apps.esims.models import Keeping, Number, QualifyingAct
from fairroam.apps.esims.operations import numbers_give, numbers_identity, numbers_renew
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.identity import CheckState, CheckStatus
from fairroam.rules import stages
from tests.apps.lines_given import a_ready_line
from tests.given import NOON

PLAN = "keep-number-uk-90d"


def be_known(customer_id: int, *, person: str = "vera", now: datetime = NOON) -> None:
    """The identity provider has recognised this customer."""
    check = numbers_identity.ask_check(
        customer_id=customer_id, key=uuid4(), by_person=False, now=now
    )
    state = CheckState(
        check_ref="chk_1", key=check.key, status=CheckStatus.VERIFIED, person_ref=person
    )
    assert numbers_identity.hear_check(state=state, now=now) == "applied"


def a_wish(email: str = "ada@example.com", *, now: datetime = NOON) -> OrderLine:
    """A ready line whose plan comes with a number that nobody has given yet."""
    line = a_ready_line(PLAN, email=email)
    numbers_give.ask_number(order_line_id=line.pk, now=now)
    return line


def a_kept_number(email: str = "ada@example.com", *, now: datetime = NOON) -> Keeping:
    """A line with an active number, paid for 90 days; its owner is known."""
    line = a_wish(email, now=now)
    be_known(line.order.customer_id, person=email, now=now)
    numbers_give.consider(line_id=line.pk, now=now)
    numbers_renew.record_period(order_line_id=line.pk, ends_at=now + timedelta(days=90), now=now)
    return Keeping.objects.select_related("number").get(pk=line.pk)


def number_of(keeping: Keeping) -> Number:
    """The number as it is now."""
    return Number.objects.get(pk=keeping.number_id)


def use(keeping: Keeping, at: datetime, *, kind: str = "sms_out") -> None:
    """Somebody has used the line, long ago and unnoticed by its clock."""
    QualifyingAct.objects.create(
        keeping=keeping, kind=kind, happened_at=at, source="us", ref=str(uuid4()), recorded_at=at
    )


def put(number: Number, stage: str) -> None:
    """Put a number into a stage without asking how it got there."""
    lost = stage in ("disconnected", "quarantined", "recycled")
    assert stage in stages.stages(stages.NUMBER)
    Number.objects.filter(pk=number.pk).update(stage=stage, disconnected_at=NOON if lost else None)
    number.refresh_from_db()
