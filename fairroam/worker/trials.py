"""Free trials between the rooms: the chip that the carrier names, and the end that is near."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.queries import chips
from fairroam.apps.journal.models import Event
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.queries.many import usage_of_each
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders import tasks as order_tasks
from fairroam.apps.orders.operations import trials
from fairroam.worker.reacting import reaction

REMIND_BEFORE = timedelta(days=1)


@reaction
def claim_trial_chip(event: Event, at: datetime) -> None:
    order_line_id = event.facts["order_line_id"]
    if orders.is_trial(order_line_id):
        eid = chips.eid_of(order_line_id)
        trials.claim_chip(order_line_id=order_line_id, eid=eid, now=at)


@reaction
def end_trial(event: Event, at: datetime) -> None:
    esims.take_off(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def remind_of_trial(event: Event, at: datetime) -> None:
    trials.remind(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def tell_trial(event: Event, at: datetime) -> None:
    order_line_id = event.facts["order_line_id"]
    order_tasks.tell_trial(
        kind=event.kind,
        order_line_id=order_line_id,
        ends_at=metering.usage_of(order_line_id).ends_at,
        now=at,
    )


def remind_of_trials(*, now: datetime) -> None:
    """Trials that end within a day and were not spoken of yet."""
    waiting = orders.trials_not_reminded()
    for order_line_id, usage in usage_of_each(waiting).items():
        if usage.ends_at is not None and now < usage.ends_at <= now + REMIND_BEFORE:
            trials.remind(order_line_id=order_line_id, now=now)
