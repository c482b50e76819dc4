"""Ask for an account to be closed, and take that back while it has not begun."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.closures.models import GIVEN_UP, UNDOABLE, Closure
from fairroam.apps.closures.operations.moves import tell
from fairroam.apps.closures.operations.starting import claim
from fairroam.apps.closures.queries import checklist, doubts_of, plans_end_at
from fairroam.apps.closures.refusals import (
    AlreadyClosing,
    BegunAlready,
    NoSuchTime,
    NotThisNumber,
    StaffAccount,
    StillOnItsWay,
)
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.queries import Proof
from fairroam.apps.esims.queries import numbers
from fairroam.apps.journal import operations as journal
from fairroam.rules import closure_timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """When to close (one of TIMINGS); trip_ends_on: of "trip_end" only, its last day.

    phone: E.164, where text messages about it may go; "" for none.
    """

    timing: str = "at_once"
    trip_ends_on: date | None = None
    phone: str = ""


def request_closure(
    *,
    customer_id: int,
    key: UUID,
    wish: Wish,
    proof: Proof | None,
    now: datetime,
    actor: str,
) -> Closure:
    """Ask to close an account; the checklist is frozen as it is now.

    "At once" begins here and cannot be undone; everything else begins at its time, and until then
    all goes on as before. What a person must look at begins after their yes. key: of the form;
    sent again it gives the same closing. Raises StillOnItsWay (its facts name what blocks),
    AlreadyClosing, NoSuchTime, NotThisNumber, StaffAccount, AccountClosed, StepUpRequired,
    RecentContactChange.
    """

    def work() -> dict[str, Any]:
        closure = open_closure(
            customer_id=customer_id, wish=wish, proof=proof, now=now, actor=actor
        )
        return {"closure_id": closure.pk}

    day = wish.trip_ends_on.isoformat() if wish.trip_ends_on else None
    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="closure",
        key=str(key),
        request={"customer_id": customer_id, "timing": wish.timing, "trip_ends_on": day},
        work=work,
        now=now,
    )
    return Closure.objects.get(pk=answer["closure_id"])


@transaction.atomic
def open_closure(
    *, customer_id: int, wish: Wish, proof: Proof | None, now: datetime, actor: str
) -> Closure:
    """Lock the customer, look once more at what blocks, and open the closing."""
    customer = customers.lock_open(customer_id)
    if customer.user is not None and customer.user.is_staff:
        raise StaffAccount(customer_id=customer_id)
    if Closure.objects.filter(customer_id=customer_id).exclude(stage__in=GIVEN_UP).exists():
        raise AlreadyClosing(customer_id=customer_id)
    if wish.phone and numbers.is_ours(wish.phone):
        raise NotThisNumber(customer_id=customer_id)
    listed = checklist(customer_id, now)
    if not listed.is_clear:
        raise StillOnItsWay(blockers=[item.as_json() for item in listed.blockers])
    try:
        due_at = closure_timing.due_at(
            wish.timing,
            requested_at=now,
            zone=customer.zone,
            plan_ends_at=plans_end_at(customer_id),
            trip_ends_on=wish.trip_ends_on,
        )
    except closure_timing.NotATime:
        raise NoSuchTime(timing=wish.timing) from None
    customers.allow_guarded_act(customer_id=customer_id, kind="closing", proof=proof, now=now)
    doubts = doubts_of(customer_id)
    review_by = closure_timing.review_by(now, zone=customer.zone, residence=customer.residence)
    closure = Closure.objects.create(
        customer=customer,
        stage="review" if doubts else "requested",
        doubts=list(doubts),
        review_by=review_by if doubts else None,
        checklist=listed.as_json(),
        timing=wish.timing,
        trip_ends_on=wish.trip_ends_on,
        sealed_phone=wish.phone,
        requested_at=now,
        due_at=due_at,
        language=customer.language,
    )
    tell(closure, "closure.requested", actor=actor, now=now, due_at=due_at.isoformat())
    claim(closure, now)
    return closure


@transaction.atomic
def undo_closure(*, closure_id: int, now: datetime, actor: str) -> Closure:
    """Take a closing back that has not begun: nothing of it has happened. Safe to repeat.

    Raises BegunAlready: the claim came first, and at the same instant only one of the two wins.
    """
    customer_id = Closure.objects.values_list("customer_id", flat=True).get(pk=closure_id)
    customers.lock(customer_id)
    waiting = Closure.objects.filter(pk=closure_id, stage__in=UNDOABLE, claimed_at=None)
    was_waiting = waiting.update(stage="reversed", held_by=[])
    closure = Closure.objects.select_related("customer").get(pk=closure_id)
    if was_waiting:
        tell(closure, "closure.undone", actor=actor, now=now)
    elif closure.stage != "reversed":
        raise BegunAlready(closure_id=closure_id, stage=closure.stage)
    return closure
