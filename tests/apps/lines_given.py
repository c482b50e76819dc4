"""Lines in the states that refunds and closings start from, as carrier and network told them."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import RefundPart, RefundRequest
from fairroam.gateways.lines import NetworkRecord, RecordKind
from tests import given
from tests.given import NOON

_numbers = count(1)
LATER = NOON + timedelta(hours=3)


def begin_line(line: OrderLine, *, now: datetime = NOON) -> Profile:
    """What follows a payment: meters are open and a profile is planned."""
    metering.open_meters(order_line_id=line.pk, now=now)
    esims.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type=line.plan_copy["profile_type"],
        now=now,
    )
    return Profile.objects.get(line_id=line.pk)


def a_ready_line(plan_code: str = "japan-10gb-30d", **words: object) -> OrderLine:
    """A paid line whose profile can be downloaded."""
    line = given.a_paid_line(plan_code, **words)
    make_ready(line)
    return line


def make_ready(line: OrderLine, *, now: datetime = NOON) -> None:
    """The carrier makes the eSIM of a paid line."""
    profile = begin_line(line, now=now)
    iccid = f"89999000100000{next(_numbers):05}"
    esims.reserve(profile_id=profile.pk, iccid=iccid)
    esims.record_order(profile_id=profile.pk)
    esims.record_release(
        profile_id=profile.pk, matching_id=f"CODE-{iccid}", smdp_address="rsp.example", now=now
    )


def use(
    line: OrderLine,
    quantity: int,
    *,
    kind: str = "data",
    at: datetime = NOON,
    record_id: str = "",
    told_at: datetime | None = None,
) -> None:
    """The network counted a use that began at `at` and took a minute."""
    profile = Profile.objects.get(line_id=line.pk)
    assert profile.iccid is not None
    record = NetworkRecord(
        source="sandbox",
        record_id=record_id or str(uuid4()),
        iccid=profile.iccid,
        kind=RecordKind(kind),
        quantity=quantity,
        started_at=at,
        ended_at=at + timedelta(minutes=1),
        country="JP",
        operator="Example Mobile",
    )
    told_at = told_at or at + timedelta(minutes=1)
    metering.record_usage(source="sandbox", records=[record], now=told_at)


def prove_off(line: OrderLine, *, now: datetime) -> None:
    """The carrier took the profile back, or the network ended the line; refunds hear of it."""
    if not esims.record_cancelled(order_line_id=line.pk, now=now):
        esims.record_ended(order_line_id=line.pk, now=now)
    refunds.line_is_off(order_line_id=line.pk, now=now)


def ask(
    line: OrderLine,
    *,
    asked_minor: int | None = None,
    wish_minor: int | None = None,
    words: str = "",
    now: datetime = LATER,
    key: object = None,
    is_flagged: bool = False,
) -> RefundRequest:
    """The customer sends the form of the refund page.

    is_flagged: their address changed just before, so that a person sees even a straight case.
    """
    customer_id = line.order.customer_id
    if is_flagged:
        customers.record_security_change(customer_id=customer_id, kind="email_changed", now=now)
    refund = refunds.request_refund(
        order_line_id=line.pk,
        customer_id=customer_id,
        key=key or uuid4(),
        asked_minor=asked_minor,
        wish_minor=wish_minor,
        words=words,
        declared_at=now,
        now=now,
        actor=f"customer:{customer_id}",
    )
    refunds.usage_is_known(order_line_id=line.pk, now=now)  # as the event has the worker ask
    refund.refresh_from_db()
    return refund


def ask_and_end(line: OrderLine, *, now: datetime = LATER, **wishes: object) -> RefundRequest:
    """Ask, and have the line proven off a minute later."""
    refund = ask(line, now=now, **wishes)
    prove_off(line, now=now + timedelta(minutes=1))
    refund.refresh_from_db()
    return refund


def payout_of(refund: RefundRequest) -> int:
    """The id of the newest payout of a refund with one part."""
    payout_id = RefundPart.objects.get(request=refund).payout_id
    assert payout_id is not None
    return payout_id
