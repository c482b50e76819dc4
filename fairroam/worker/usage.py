"""What a traveller is told of a plan, and what is decided once all of its use is known."""

from __future__ import annotations

from datetime import datetime, timedelta

from procrastinate.contrib.django import app

from fairroam.apps.esims import tasks as esims
from fairroam.apps.journal.models import Event
from fairroam.apps.metering import tasks as metering
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds import operations as refunds
from fairroam.clock import now
from fairroam.worker.reacting import reaction

DAY = timedelta(days=1)


@reaction
def tell_usage(event: Event, at: datetime) -> None:
    """Data alone; a trial has a reminder of its own."""
    order_line_id = event.facts["order_line_id"]
    if event.facts["kind_of_use"] == "data" and not orders.is_trial(order_line_id):
        metering.tell_usage(
            kind=event.kind,
            order_line_id=order_line_id,
            granted=event.facts["granted"],
            now=at,
        )


@reaction
def decide_what_is_off(event: Event, at: datetime) -> None:
    """Somebody asked for a line that was off already: nothing but its last use is waited for."""
    refunds.usage_is_known(order_line_id=event.facts["order_line_id"], now=at)


@app.periodic(cron="20 * * * *")
@app.task(name="remind_to_install")
def remind_to_install(timestamp: int) -> None:
    """eSIMs that were bought ahead and lie ready in no phone."""
    remind_each(at=now())


def remind_each(*, at: datetime) -> None:
    """Those made ready a day ago; looked at for two days, so that no pause of ours misses one.

    Whoever buys right before the trip installs at once: a day later it was bought ahead.
    """
    ready = Event.objects.filter(kind="line.ready", happened_at__lte=at - DAY)
    for event in ready.filter(happened_at__gt=at - 2 * DAY).order_by("pk"):
        esims.remind_to_install(order_line_id=event.facts["order_line_id"], now=at)
