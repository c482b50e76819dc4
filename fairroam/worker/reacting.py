"""What makes a function a reaction to an event: a job with patience."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.contrib.django import app
from procrastinate.jobs import Job

from fairroam.apps.journal.models import Event
from fairroam.clock import now


class Patience(BaseRetryStrategy):
    """Ask again after 1, 2, 4 … at most 300 seconds, a hundred times: about eight hours."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts >= 100:
            return None
        return RetryDecision(retry_in={"seconds": min(2**job.attempts, 300)})


PATIENT = Patience()
Reaction = Callable[[Event, datetime], None]


def reaction(act: Reaction) -> Reaction:
    """Make a job named like the function, which gets the event and the present instant."""

    @app.task(name=act.__name__, retry=PATIENT)
    def run(event_id: int) -> None:
        act(Event.objects.get(pk=event_id), now())

    return act
