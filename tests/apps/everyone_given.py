"""An outage that hit some lines, two operators, and a run between them."""

from __future__ import annotations

from datetime import timedelta

from fairroam.apps.customers.models import User
from fairroam.apps.incidents.models import Incident
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds.models import RefundRun
from fairroam.apps.refunds.operations import everyone
from tests.apps.incidents_given import DAY, an_outage, see
from tests.apps.lines_given import a_ready_line
from tests.given import NOON, a_colleague

FAILS = NOON + 5 * DAY
ENDS = FAILS + 6 * DAY
LATER = NOON + 20 * DAY


def an_operator(email: str) -> User:
    return a_colleague("operator", email=email)


def a_hit_line(email: str = "ada@example.com", **words: object) -> OrderLine:
    """A line that was last seen in Japan an hour before the network failed there."""
    line = a_ready_line(email=email, **words)
    see(line, FAILS - timedelta(hours=1), country="JP", quantity=10**9)
    return line


def the_outage() -> Incident:
    return an_outage(FAILS, ENDS)


def a_preview(incident: Incident, max_: User) -> RefundRun:
    run = everyone.ask_for_run(incident_id=incident.pk, user_id=max_.pk, now=LATER)
    everyone.preview(run_id=run.pk, now=LATER)
    run.refresh_from_db()
    return run


def a_confirmed_run(incident: Incident, max_: User, mia: User) -> RefundRun:
    run = a_preview(incident, max_)
    return everyone.confirm(run_id=run.pk, digest=run.digest, user_id=mia.pk, now=LATER)


def carry_out(run: RefundRun, *, most: int = 100, singly: bool = False) -> RefundRun:
    """All batches of a run."""
    while everyone.give_batch(run_id=run.pk, most=most, now=LATER, singly=singly):
        pass
    assert everyone.finish(run_id=run.pk, now=LATER)
    run.refresh_from_db()
    return run
