"""The claim of a closing against its owner's undo: one of them wins.

Undo and claim are one conditional update each; the control takes the condition away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import psycopg

from fairroam.apps.closures import operations as closures
from fairroam.apps.closures.models import Closure
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.models import Event
from tests import given
from tests.apps.closures_given import leave
from tests.apps.lines_given import LATER
from tests.races.together import kinds_of, together

HANDS = 8
REST = timedelta(hours=72)
ITS_CONDITION = re.compile(r'"closures_closure"\."stage" (= %s|IN \(%s(, %s)*\))')


@contextmanager
def without_conditions() -> Iterator[None]:
    """Let a closing move from whatever stage it is in."""
    execute = psycopg.Cursor.execute

    def anyhow(cursor: Any, statement: Any, *values: Any, **how: Any) -> Any:
        if str(statement).startswith('UPDATE "closures_closure"'):
            statement = ITS_CONDITION.sub(r"(TRUE OR \g<0>)", statement)
            statement = statement.replace('"closures_closure"."claimed_at" IS NULL', "TRUE")
        return execute(cursor, statement, *values, **how)

    with patch.object(psycopg.Cursor, "execute", anyhow):
        yield


def undo_and_claim() -> tuple[Closure, list[Any]]:
    """A closing whose time has come, which half of the hands begin and half take back."""
    customer = given.a_customer(f"{uuid4().hex}@example.com")
    closure = leave(customer, timing="after_rest", now=LATER)
    due_at = LATER + REST
    begin = partial(closures.take_next_step, closure_id=closure.pk, now=due_at)
    undo = partial(closures.undo_closure, closure_id=closure.pk, now=due_at, actor="customer")
    ends = together(*[begin, undo] * (HANDS // 2))
    closure.refresh_from_db()
    return closure, ends


def told_of(closure: Closure) -> set[str]:
    kinds = ("closure.undone", "closure.started")
    told = Event.objects.filter(customer_id=closure.customer_id, kind__in=kinds)
    return set(told.values_list("kind", flat=True))


def test_of_undo_and_claim_one_wins_and_nothing_is_half(committed):
    for _ in range(5):
        closure, ends = undo_and_claim()

        assert set(kinds_of(ends)) <= {"done", "BegunAlready"}, ends
        has_begun = closure.claimed_at is not None
        assert closure.stage == ("closing" if has_begun else "reversed")
        assert told_of(closure) == {"closure.started" if has_begun else "closure.undone"}
        assert closure.steps.exists() == has_begun
        leaving_at = Customer.objects.get(pk=closure.customer_id).leaving_at
        assert (leaving_at is not None) == has_begun
        assert kinds_of(ends).get("BegunAlready", 0) == (HANDS // 2 if has_begun else 0)


def test_control_without_lock_and_condition_a_closing_begins_and_is_taken_back(seen_without):
    def goes_wrong() -> bool:
        with without_conditions():
            closure, _ends = undo_and_claim()
        return len(told_of(closure)) > 1

    guards = ("a_closing_begins_once_and_not_before_its_time",)
    assert seen_without(guards, (Customer,), goes_wrong)
