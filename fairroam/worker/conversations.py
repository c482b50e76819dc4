"""What follows when somebody writes to us, and what is tidied by the clock."""

from __future__ import annotations

from datetime import datetime

from procrastinate.contrib.django import app

from fairroam.apps.conversations import operations, tasks
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.journal.models import Event
from fairroam.apps.notices import operations as notices
from fairroam.clock import now
from fairroam.worker.reacting import reaction


@reaction
def adopt_threads(event: Event, at: datetime) -> None:
    assert event.customer_id is not None
    operations.adopt(customer_id=event.customer_id, now=at)


@reaction
def mail_thread_link(event: Event, at: datetime) -> None:
    tasks.mail_thread_link(thread_id=event.facts["thread_id"], now=at)


@reaction
def acknowledge_message(event: Event, at: datetime) -> None:
    tasks.acknowledge(message_id=event.facts["message_id"], now=at)


@reaction
def mail_answer(event: Event, at: datetime) -> None:
    tasks.mail_answer(
        message_id=event.facts["message_id"], is_last_word=event.facts["closes"], now=at
    )


@app.periodic(cron="20 * * * *")
@app.task(name="tidy_conversations")
def tidy_conversations(timestamp: int) -> None:
    """Messages and addresses that nobody confirmed, and files whose transaction never ended."""
    operations.drop_unconfirmed(now=now())
    notices.forget_strangers(now=now())
    evidence.sweep(now=now())
