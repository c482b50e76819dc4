"""Same key, same request: the first answer. Same key, other request: refused."""

from __future__ import annotations

import pytest

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.models import Answer, Event
from fairroam.apps.journal.refusals import KeyReused
from tests.given import NOON

pytestmark = pytest.mark.django_db


def ask(key: str, amount: int, done: list[int], principal: str = "customer:1"):
    def work():
        done.append(amount)
        return {"number": len(done)}

    return journal.answer_once(
        principal=principal, route="refund", key=key, request={"a": amount}, work=work, now=NOON
    )


def test_a_repeat_gets_the_first_answer_and_nothing_is_done_again():
    done: list[int] = []

    assert ask("k", 5, done) == ask("k", 5, done) == {"number": 1}
    assert done == [5]


def test_another_request_under_the_same_key_is_refused():
    done: list[int] = []
    ask("k", 5, done)

    with pytest.raises(KeyReused):
        ask("k", 6, done)
    assert done == [5]


def test_another_person_s_key_is_another_key():
    done: list[int] = []
    ask("k", 5, done)

    assert ask("k", 6, done, principal="customer:2") == {"number": 2}


def test_work_that_fails_leaves_no_answer_behind():
    def work():
        raise KeyReused

    with pytest.raises(KeyReused):
        journal.answer_once(principal="p", route="r", key="k", request={}, work=work, now=NOON)
    assert not Answer.objects.exists()


def test_an_event_and_its_reaction_are_queued_together():
    from procrastinate.contrib.django.models import ProcrastinateJob

    journal.tell("order.placed", actor="customer:1", now=NOON, customer_id=1, order_id=7)

    event = Event.objects.get()
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args) == ("react", {"event_id": event.pk})
