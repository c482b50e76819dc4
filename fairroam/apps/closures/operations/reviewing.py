"""What a person does with a closing that is not clear: approve, ask, reject; and the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.operations.moves import lock, move, tell
from fairroam.apps.closures.operations.starting import claim
from fairroam.apps.closures.refusals import WordsMissing
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.refusals import FourEyes
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.rules import stages

JUDGED = {"approve": "closure.approved", "ask": "closure.asked", "reject": "closure.rejected"}
WORDS = {"ask": "question_words", "reject": "reject_words"}


@transaction.atomic
def review_closure(
    *, closure_id: int, act: str, words: str, staff_user_id: int, now: datetime
) -> Closure:
    """Approve, ask or reject; what is asked or refused is said in words that the customer reads.

    After a yes it begins at its time, or at once if that has come. Raises MoveNotAllowed,
    WordsMissing, FourEyes (nobody looks at an account of their own).
    """
    assert act in JUDGED, act
    closure = lock(closure_id)
    staff = people.staff_member(staff_user_id)
    assert staff is not None
    if people.same_person(closure.customer.user_id, staff_user_id):
        raise FourEyes(closure_id=closure_id)
    changes: dict[str, Any] = {}
    if act in WORDS:
        if not words.strip():
            raise WordsMissing(closure_id=closure_id)
        changes[WORDS[act]] = words.strip()
    if act != "ask":
        changes |= {"reviewed_at": now, "reviewed_by": f"staff:{staff.staff_id}"}
    make(closure, act, **changes)
    tell(closure, JUDGED[act], actor=f"staff:{staff_user_id}", now=now)
    if act == "approve":
        claim(closure, now)
    return closure


@transaction.atomic
def answer_review(*, closure_id: int, words: str, now: datetime) -> Closure:
    """The customer answers what a person asked. Raises MoveNotAllowed, WordsMissing."""
    closure = lock(closure_id)
    if not words.strip():
        raise WordsMissing(closure_id=closure_id)
    make(closure, "answer", answer_words=words.strip())
    tell(closure, "closure.answered", actor=f"customer:{closure.customer_id}", now=now)
    return closure


def make(closure: Closure, step: str, **changes: Any) -> None:
    if (closure.stage, step) not in stages.CLOSURE:
        raise MoveNotAllowed(closure_id=closure.pk, stage=closure.stage)
    move(closure, step, **changes)
