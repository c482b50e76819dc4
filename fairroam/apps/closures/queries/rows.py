"""How far closings are, for pages, the desk and the queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core import signing
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from fairroam.apps.closures.models import (
    GIVEN_UP,
    STEPS,
    UNDOABLE,
    ClosedMark,
    Closure,
    ClosureStep,
    ServiceEnd,
    Settlement,
)
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours

SEAL = "closing"
SEAL_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step: done at that moment, or None; `waits_for` says what is still missing."""

    name: str
    done_at: datetime | None
    waits_for: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureRow:
    """One closing for a page. certificate: its number, once there is one."""

    id: int
    customer_id: int
    customer_number: str
    stage: str
    checklist: list[dict[str, Any]]
    key: UUID
    timing: str
    requested_at: datetime
    due_at: datetime
    claimed_at: datetime | None
    held_by: tuple[str, ...]
    doubts: tuple[str, ...]
    review_by: datetime | None
    question_words: str
    answer_words: str
    reject_words: str
    zone: str
    closed_at: datetime | None
    certificate: str | None
    steps: tuple[StepRow, ...]

    @property
    def can_be_undone(self) -> bool:
        return self.stage in UNDOABLE


def closure_row(closure: Closure) -> ClosureRow:
    taken = {step.name: step for step in closure.steps.all()}
    return ClosureRow(
        id=closure.pk,
        customer_id=closure.customer_id,
        customer_number=closure.customer.number,
        stage=closure.stage,
        checklist=closure.checklist,
        key=closure.key,
        timing=closure.timing,
        requested_at=closure.requested_at,
        due_at=closure.due_at,
        claimed_at=closure.claimed_at,
        held_by=tuple(closure.held_by),
        doubts=tuple(closure.doubts),
        review_by=closure.review_by,
        question_words=closure.question_words,
        answer_words=closure.answer_words,
        reject_words=closure.reject_words,
        zone=closure.customer.zone,
        closed_at=closure.closed_at,
        certificate=closure.certificate.number if closure.certificate else None,
        steps=tuple(
            StepRow(
                name,
                taken[name].done_at if name in taken else None,
                taken[name].proof.get("waits_for") if name in taken else None,
            )
            for name in STEPS
        ),
    )


ROWS = Closure.objects.select_related("customer", "certificate").prefetch_related("steps")


@Often
def closings(customer_id: int) -> QuerySet[Closure]:
    """The customer's closing, if they asked for one."""
    theirs = ROWS.all().filter(customer_id=customer_id).exclude(stage__in=GIVEN_UP)
    return theirs.order_by("pk")[:1]


def closure_of(customer_id: int) -> ClosureRow | None:
    """The customer's closing; None while they have not asked for it."""
    found = closings(customer_id)
    return closure_row(found[0]) if found else None


def queue(now: datetime) -> Rows[ClosureRow]:
    """Closings that are due and not over, oldest first, for the desk."""
    return Rows(ROWS.all().filter(unfinished(now)).order_by("pk"), closure_row)


def reviews() -> Rows[ClosureRow]:
    """Closings that a person looks at, or has asked about; the nearest last day first."""
    waiting = ROWS.all().filter(stage__in=("review", "asked"))
    return Rows(waiting.order_by("review_by", "pk"), closure_row)


def closure_at_desk(closure_id: int) -> ClosureRow:
    """Any closing, for colleagues. Raises NotAmongYours."""
    found = ROWS.all().filter(pk=closure_id).first()
    if found is None:
        raise NotAmongYours(closure_id=closure_id)
    return closure_row(found)


def history_of(closure_id: int, customer_id: int) -> list[tuple[str, str, datetime]]:
    """What happened with a closing, oldest first: (kind, actor, instant)."""
    told = Event.objects.filter(customer_id=customer_id, facts__closure_id=closure_id)
    return list(told.order_by("pk").values_list("kind", "actor", "happened_at"))


def digest_of(address: str) -> str:
    """The keyed hash of an address, whatever its case: nobody without our key can try addresses."""
    return salted_hmac("fairroam.closed", address.strip().lower(), algorithm="sha256").hexdigest()


def closed_on(address: str, now: datetime) -> datetime | None:
    """When the account with this address was closed; None when we know of none, any more."""
    known = ClosedMark.objects.filter(digest=digest_of(address), keep_until__gt=now).first()
    return known.closed_at if known else None


def sealed_contacts(late_money_ids: Iterable[int]) -> dict[int, str]:
    """Late money -> the sealed address at which its owner may be asked, while that is kept."""
    waiting = Settlement.objects.filter(
        ended_at=None,
        payout__late__in=list(late_money_ids),
        closure__payout_contact__isnull=False,
    )
    found = waiting.values_list("payout__late__pk", "closure__payout_contact")
    return {late_id: address for late_id, address in found if address}


def rejected_of(customer_id: int) -> ClosureRow | None:
    """The customer's newest closing, if it was rejected."""
    newest = ROWS.all().filter(customer_id=customer_id).order_by("-pk").first()
    return closure_row(newest) if newest and newest.stage == "rejected" else None


def seal_of(closure: Closure | ClosureRow) -> str:
    """What opens the page of a closing without a sign-in, which the closing ends."""
    return signing.dumps(str(closure.key), salt=SEAL)


def closure_by_seal(seal: str, now: datetime) -> ClosureRow:
    """The closing that this seal opens, until a week after its end. Raises NotAmongYours."""
    try:
        key = signing.loads(seal, salt=SEAL)
    except signing.BadSignature:
        raise NotAmongYours from None
    found = ROWS.all().filter(key=key).first()
    if found is None or (found.closed_at and now >= found.closed_at + SEAL_LASTS):
        raise NotAmongYours
    return closure_row(found)


def unfinished(now: datetime) -> Q:
    """Closings with a step still to take by now."""
    begun = ~Q(stage__in=(*UNDOABLE, *GIVEN_UP))
    is_open = ~Q(stage="certified") | Q(sealed_address__isnull=False)
    return (begun & is_open) | Q(stage="requested", due_at__lte=now)


def ends_due(now: datetime) -> list[int]:
    """Ends of single services whose time has come."""
    due = ServiceEnd.objects.filter(stage="asked", due_at__lte=now)
    return list(due.order_by("due_at").values_list("pk", flat=True))


def end_of_service(order_line_id: int) -> ServiceEnd | None:
    """The end that this service has or is to have; the newest one."""
    asked = ServiceEnd.objects.filter(order_line_id=order_line_id).exclude(stage="undone")
    return asked.order_by("-pk").first()


def next_step(closure_id: int) -> str | None:
    """The first step that is not done; None after the last."""
    done = set(
        ClosureStep.objects.filter(closure_id=closure_id, done_at__isnull=False).values_list(
            "name", flat=True
        )
    )
    return next((name for name in STEPS if name not in done), None)
