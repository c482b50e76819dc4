"""Flags: what a person should see about a request. They never change the amount."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import REST
from fairroam.apps.esims.models import Profile
from fairroam.apps.evidence import queries as evidence
from fairroam.apps.payments import queries as payments
from fairroam.apps.refunds.models import Flag, RefundRequest
from fairroam.apps.refunds.operations.moves import RULES, tell

VELOCITY_WINDOW = timedelta(days=30)
VELOCITY_MAX = 3  # requests of one account within the window that need no look
Facts = dict[str, Any]


def raise_flags(refund: RefundRequest, *, now: datetime) -> list[str]:
    """Keep what is odd about a locked request; the codes of all its flags, in a fixed order."""
    known = set(Flag.objects.filter(request=refund).values_list("code", flat=True))
    for code, look in LOOKS.items():
        facts = look(refund, now)
        if facts is None or code in known:
            continue
        Flag.objects.create(request=refund, code=code, facts=facts, raised_at=now)
        tell(refund, "refund.flagged", actor=RULES, now=now, flag=code)
        known.add(code)
    return [code for code in LOOKS if code in known]


def velocity(refund: RefundRequest, now: datetime) -> Facts | None:
    """Many requests of one account in a short time."""
    since = refund.declared_at - VELOCITY_WINDOW
    recent = RefundRequest.objects.filter(
        customer_id=refund.customer_id,
        follows__isnull=True,
        declared_at__gt=since,
        declared_at__lte=refund.declared_at,
    ).exclude(stage="withdrawn")
    count = recent.count()
    return {"requests": count} if count > VELOCITY_MAX else None


def same_evidence(refund: RefundRequest, now: datetime) -> Facts | None:
    """A file that another account sent as well."""
    others = {
        other
        for file in evidence.evidence_of(refund.customer_id)
        for other in evidence.same_hash_customers(file.id)
    }
    return {"customers": sorted(others)} if others else None


def same_device(refund: RefundRequest, now: datetime) -> Facts | None:
    """A phone (by its chip's EID) for which other accounts asked money back in that time, too."""
    chips = Profile.objects.filter(line_id=refund.order_line_id).exclude(eid="")
    others = Profile.objects.filter(eid__in=chips.values("eid")).exclude(
        customer_id=refund.customer_id
    )
    asking = RefundRequest.objects.filter(
        order_line_id__in=others.values("line_id"),
        declared_at__gt=refund.declared_at - VELOCITY_WINDOW,
    )
    found = sorted(set(asking.values_list("customer_id", flat=True)))
    return {"customers": found} if found else None


def contact_changed(refund: RefundRequest, now: datetime) -> Facts | None:
    """An address or a way to sign in that is newer than 72 hours."""
    until = customers.rests_until(refund.customer_id, refund.declared_at)
    return {"rests_until": until.isoformat()} if until else None


def payout_changed(refund: RefundRequest, now: datetime) -> Facts | None:
    """Another account for money that the customer named within 72 hours, up to now."""
    named_at = payments.newest_account_at(refund.customer_id)
    if named_at is None or refund.declared_at >= named_at + REST:
        return None
    return {"named_at": named_at.isoformat()}


LOOKS: dict[str, Callable[[RefundRequest, datetime], Facts | None]] = {
    "velocity": velocity,
    "same_evidence": same_evidence,
    "same_device": same_device,
    "contact_changed": contact_changed,
    "payout_changed": payout_changed,
}
