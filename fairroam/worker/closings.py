"""What follows when single services end and disputes of closed accounts are over."""

from __future__ import annotations

from datetime import datetime, timedelta

from procrastinate.contrib.django import app

from fairroam.apps.closures import operations, tasks
from fairroam.apps.journal.models import Event
from fairroam.clock import now
from fairroam.worker.reacting import reaction

DAY = timedelta(days=1)


@reaction
def record_service_end(event: Event, at: datetime) -> None:
    operations.line_is_off(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def tell_service_end(event: Event, at: datetime) -> None:
    tasks.tell_service_end(kind=event.kind, end_id=event.facts["end_id"], now=at)


@reaction
def end_settlement(event: Event, at: datetime) -> None:
    """What was open when an account closed is over: a dispute, a payout, or late money."""
    facts = event.facts
    if "dispute_id" in facts:
        operations.end_settlement_of_dispute(dispute_id=facts["dispute_id"], now=at)
    elif "payout_id" in facts:
        operations.end_settlement_of_payout(payout_id=facts["payout_id"], now=at)
    else:
        operations.end_settlement_of_late_money(late_money_id=facts["late_money_id"], now=at)


@app.periodic(cron="* * * * *")
@app.task(name="end_services")
def end_services(timestamp: int) -> None:
    """Single services whose end has come."""
    tasks.end_due_services(now=now())


@app.periodic(cron="50 * * * *")
@app.task(name="remind_after_trips")
def remind_after_trips(timestamp: int) -> None:
    """Plans that ended a day ago; looked at for two days, so that no pause of ours misses one."""
    at = now()
    ended = Event.objects.filter(kind="plan.ended", happened_at__lte=at - DAY)
    for event in ended.filter(happened_at__gt=at - 2 * DAY).order_by("pk"):
        if event.customer_id is not None:
            tasks.remind_after_trip(
                customer_id=event.customer_id, ended_at=event.happened_at, now=at
            )


@app.periodic(cron="40 3 * * *")
@app.task(name="forget_closed_marks")
def forget_closed_marks(timestamp: int) -> None:
    """Keyed hashes of closed accounts whose time is over."""
    operations.forget_marks(now=now())
