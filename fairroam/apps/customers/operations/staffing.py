"""Who stands at the desk, as what, and up to how much each may decide alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.customers import queries
from fairroam.apps.customers.models import (
    ROLES,
    RULES,
    Customer,
    StaffLimit,
    StaffMember,
    StaffPerson,
    User,
)
from fairroam.apps.customers.operations.browsers import end_sessions
from fairroam.apps.customers.refusals import (
    FourEyes,
    LastOperator,
    NotAllowed,
    StaffAlready,
    StaffLeaving,
)
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours


@transaction.atomic
def hire(
    *,
    email: str,
    role: str,
    now: datetime,
    person_id: int | None = None,
    invited_by: int | None = None,
) -> StaffMember:
    """Let the login of that address stand at the desk; the login is made when there is none.

    person_id: the human (StaffPerson) when this is another login of somebody who works here
    already; None: somebody new. invited_by: the StaffMember who decided it; None: whoever set
    the machine up. Raises StaffAlready, and StaffLeaving while the account of that login closes.
    """
    assert role in ROLES, role
    user, is_new = User.objects.get_or_create(
        email=email.strip().lower(), defaults={"joined_at": now}
    )
    if is_new:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    refuse_leaving(user)
    former = StaffMember.objects.select_for_update(no_key=True).filter(user=user).first()
    if former is not None and former.ended_at is None:
        raise StaffAlready(staff_id=former.pk)
    if former is not None:
        # Who comes back is the same person; the ended row keeps its history without the login.
        person_id = person_id or former.person_id
        StaffMember.objects.filter(pk=former.pk).update(user=None)
    person = person_id or StaffPerson.objects.create(started_at=now).pk
    member = StaffMember.objects.create(
        user=user, person_id=person, role=role, invited_by_id=invited_by, joined_at=now
    )
    User.objects.filter(pk=user.pk).update(is_staff=True)
    tell("staff.joined", member, by=invited_by, now=now, role=role, person_id=person)
    return member


def refuse_leaving(user: User) -> None:
    """Who is leaving as a customer would be erased while standing at the desk."""
    customer = Customer.objects.select_for_update(no_key=True).filter(user=user).first()
    if customer is not None and customer.leaving_at is not None:
        raise StaffLeaving(customer_id=customer.pk)


@transaction.atomic
def change_role(*, staff_id: int, role: str, by: int, now: datetime) -> None:
    """Give somebody else another role. Raises NotAllowed, FourEyes, LastOperator."""
    assert role in ROLES, role
    member = lock_live_member(staff_id)
    refuse_unless_operator(by)
    if member.person_id == person_of(by):
        raise FourEyes(staff_id=staff_id)
    refuse_to_lose_the_last_operator(member)
    StaffMember.objects.filter(pk=staff_id).update(role=role)
    tell("staff.role_changed", member, by=by, now=now, role=role)


@transaction.atomic
def end_staff(*, staff_id: int, by: int, now: datetime) -> None:
    """Take somebody from the desk at once. Raises NotAllowed, LastOperator, NotAmongYours."""
    member = lock_live_member(staff_id)
    refuse_unless_operator(by)
    refuse_to_lose_the_last_operator(member)
    StaffMember.objects.filter(pk=staff_id).update(ended_at=now)
    if member.user_id is not None:
        User.objects.filter(pk=member.user_id).update(is_staff=False)
        end_sessions(user_id=member.user_id, now=now)
    tell("staff.ended", member, by=by, now=now)


@transaction.atomic
def set_limit(*, role: str, currency: str, single_minor: int, by: int, now: datetime) -> StaffLimit:
    """Set up to how much a role, or the rules, may pay back alone, in minor units.

    A rise that helps the operator who sets it, by whichever login, waits for a second person
    (`confirm_limit`); so does one for the rules, at which nobody looks. Raises NotAllowed.
    """
    operator = refuse_unless_operator(by)
    own = StaffMember.objects.filter(person=operator.person_id, role=role, ended_at__isnull=True)
    is_rise = single_minor > queries.limit(role, currency)
    waits = is_rise and (role == RULES or own.exists())
    row = StaffLimit.objects.create(
        role=role,
        currency=currency,
        single_minor=single_minor,
        set_by=operator,
        set_by_person_id=operator.person_id,
        set_at=now,
        counts_from=None if waits else now,
    )
    tell_limit("staff.limit_asked" if waits else "staff.limit_set", row, by=by, now=now)
    return row


@transaction.atomic
def confirm_limit(*, limit_id: int, by: int, now: datetime) -> None:
    """A second person lets a limit count. Raises NotAllowed, FourEyes, MoveNotAllowed."""
    row = StaffLimit.objects.select_for_update(no_key=True).filter(pk=limit_id).first()
    if row is None:
        raise NotAmongYours(limit_id=limit_id)
    operator = refuse_unless_operator(by)
    if row.counts_from is not None:
        raise MoveNotAllowed(limit_id=limit_id)
    if row.set_by_person_id == operator.person_id:
        raise FourEyes(limit_id=limit_id)
    row.counts_from, row.confirmed_by_person_id = now, operator.person_id
    row.save(update_fields=["counts_from", "confirmed_by_person"])
    tell_limit("staff.limit_set", row, by=by, now=now)


def lock_live_member(staff_id: int) -> StaffMember:
    # All operators are locked, in one order: two who end each other at once would leave none.
    operators = StaffMember.objects.select_for_update(no_key=True).order_by("pk")
    list(operators.filter(role="operator", ended_at__isnull=True).values_list("pk"))
    member = StaffMember.objects.select_for_update(no_key=True).filter(pk=staff_id).first()
    if member is None or member.ended_at is not None:
        raise NotAmongYours(staff_id=staff_id)
    return member


def refuse_unless_operator(staff_id: int) -> StaffMember:
    member = StaffMember.objects.get(pk=staff_id)
    if member.role != "operator" or member.ended_at is not None:
        raise NotAllowed(staff_id=staff_id, role="operator")
    return member


def refuse_to_lose_the_last_operator(member: StaffMember) -> None:
    others = StaffMember.objects.filter(role="operator", ended_at__isnull=True)
    if member.role == "operator" and not others.exclude(pk=member.pk).exists():
        raise LastOperator(staff_id=member.pk)


def person_of(staff_id: int) -> int:
    return StaffMember.objects.values_list("person_id", flat=True).get(pk=staff_id)


def tell(kind: str, member: StaffMember, *, by: int | None, now: datetime, **facts: Any) -> None:
    actor = "system" if by is None else f"staff:{StaffMember.objects.get(pk=by).user_id}"
    journal.tell(kind, actor=actor, now=now, staff_id=member.pk, **facts)


def tell_limit(kind: str, row: StaffLimit, *, by: int, now: datetime) -> None:
    journal.tell(
        kind,
        actor=f"staff:{StaffMember.objects.get(pk=by).user_id}",
        now=now,
        limit_id=row.pk,
        role=row.role,
        currency=row.currency,
        single_minor=row.single_minor,
    )
