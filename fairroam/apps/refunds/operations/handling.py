"""Whose case it is, what that person may do with it alone, and the clocks that run meanwhile."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import OVERSEERS
from fairroam.apps.customers.queries import StaffRow
from fairroam.apps.customers.refusals import NotAllowed
from fairroam.apps.refunds.models import Case, Decision, RefundRequest
from fairroam.apps.refunds.operations.moves import lock_request, tell
from fairroam.apps.refunds.refusals import (
    AboveYourLimit,
    AlreadySettled,
    NotYourOwnCase,
    SamePersonAsBefore,
)


def open_case(refund: RefundRequest, doubts: list[str]) -> Case:
    """The desk's side of a locked request, with why a person looks at it."""
    case, _is_new = Case.objects.update_or_create(
        request=refund,
        defaults={"doubts": doubts},
        create_defaults={"doubts": doubts, "clock_from": refund.received_at},
    )
    return case


def member_at(staff_user_id: int) -> StaffRow:
    """Who this login is at the desk. Raises NotAllowed."""
    member = customers.staff_member(staff_user_id)
    if member is None:
        raise NotAllowed(role="agent")
    return member


def authorise(refund: RefundRequest, staff_user_id: int, *, now: datetime) -> StaffRow:
    """Let somebody act on a locked case: on nobody's, which becomes theirs, or on their own.

    Raises NotAllowed, NotYourOwnCase, SamePersonAsBefore, NotAssigned, AlreadySettled.
    """
    refuse_concerned(refund, staff_user_id)
    member = member_at(staff_user_id)
    case = case_of(refund.pk)
    if case.assigned_to_id is None:
        assign(refund, staff_user_id, actor=f"staff:{staff_user_id}", now=now)
    elif case.assigned_to_id != staff_user_id:
        raise NotAssigned(refund_id=refund.pk)
    return member


def case_of(request_id: int) -> Case:
    """What people know of a request. Raises AlreadySettled where the rules alone have decided."""
    case = Case.objects.filter(pk=request_id).first()
    if case is None:
        raise AlreadySettled(refund_id=request_id)
    return case


def refuse_concerned(refund: RefundRequest, staff_user_id: int) -> None:
    """Refuse whoever would decide for themselves, or again on what they said no to."""
    if customers.same_person(refund.customer.user_id, staff_user_id):
        raise NotYourOwnCase(refund_id=refund.pk)
    appealed_at = case_of(refund.pk).appealed_at
    if appealed_at is None:
        return
    said_before = Decision.objects.filter(request=refund, decided_at__lt=appealed_at)
    for actors in said_before.values_list("decided_by", "confirmed_by"):
        for actor in actors:
            role, _, number = actor.partition(":")
            if role == "staff" and customers.same_person(int(number), staff_user_id):
                raise SamePersonAsBefore(refund_id=refund.pk)


def refuse_above_limit(member: StaffRow, minor: int, currency: str) -> None:
    """Refuse an amount, in minor units, that this role may not give alone."""
    limit = customers.limit(member.role, currency)
    if minor > limit:
        raise AboveYourLimit(limit=limit, amount=minor)


def assign(refund: RefundRequest, staff_user_id: int | None, *, actor: str, now: datetime) -> None:
    Case.objects.filter(pk=refund.pk).update(assigned_to_id=staff_user_id)
    tell(refund, "refund.assigned", actor=actor, now=now, assigned_to=staff_user_id)


@transaction.atomic
def take(*, request_id: int, staff_user_id: int, now: datetime) -> None:
    """Take a case that is nobody's; seniors and operators may take over a colleague's.

    Raises NotAllowed, NotYourOwnCase, SamePersonAsBefore, NotAssigned, NotAmongYours,
    AlreadySettled.
    """
    refund = lock_request(request_id)
    member = member_at(staff_user_id)
    refuse_concerned(refund, staff_user_id)
    owner = case_of(request_id).assigned_to_id
    if owner == staff_user_id:
        return
    if owner is not None and member.role not in OVERSEERS:
        raise NotAssigned(refund_id=request_id)
    assign(refund, staff_user_id, actor=f"staff:{staff_user_id}", now=now)


@transaction.atomic
def hand_over(
    *, request_id: int, staff_user_id: int, to_user_id: int | None, now: datetime
) -> None:
    """Give one's case to a colleague, or (None) back to the queue; overseers may give anybody's.

    Raises NotAllowed, NotAssigned, AlreadySettled, and for the receiver NotYourOwnCase,
    SamePersonAsBefore.
    """
    refund = lock_request(request_id)
    member = member_at(staff_user_id)
    owner = case_of(request_id).assigned_to_id
    if owner != staff_user_id and member.role not in OVERSEERS:
        raise NotAssigned(refund_id=request_id)
    if to_user_id is not None:
        member_at(to_user_id)
        refuse_concerned(refund, to_user_id)
    assign(refund, to_user_id, actor=f"staff:{staff_user_id}", now=now)


def note_answer(refund: RefundRequest, *, now: datetime) -> None:
    """A person has said something to the customer: the first answer's clock stops."""
    Case.objects.filter(pk=refund.pk, first_answered_at__isnull=True).update(first_answered_at=now)


def pause_clock(refund: RefundRequest, *, now: datetime) -> None:
    """Our own clock stands still while the customer is waited for; the law's goes on."""
    Case.objects.filter(pk=refund.pk, paused_at__isnull=True).update(paused_at=now)


def resume_clock(refund: RefundRequest, *, now: datetime) -> None:
    paused_at = Case.objects.values_list("paused_at", flat=True).get(pk=refund.pk)
    if paused_at is not None:
        seconds = max(0, int((now - paused_at).total_seconds()))
        Case.objects.filter(pk=refund.pk).update(
            paused_at=None, paused_seconds=F("paused_seconds") + seconds
        )
