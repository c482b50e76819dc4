"""Go on with what was left lying."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairroam.apps.esims import queries
from fairroam.apps.esims.tasks.acts import do_act
from fairroam.apps.esims.tasks.end import take_off
from fairroam.apps.esims.tasks.provide import DiscoveryDown, StockContended, provision
from fairroam.apps.journal.tasks import alone
from fairroam.gateways.calls import GatewayUnreachable

UNFINISHED_AFTER = timedelta(minutes=2)


def resume_unfinished(*, now: datetime) -> None:
    """Go on with whatever has waited for longer than UNFINISHED_AFTER; run it now and then."""
    profile_ids, line_ids = queries.unfinished(now - UNFINISHED_AFTER)
    for profile_id in profile_ids:
        with alone(f"profile {profile_id}", GatewayUnreachable, StockContended, DiscoveryDown):
            provision(profile_id=profile_id, now=now)
    for line_id in line_ids:
        with alone(f"the end of line {line_id}", GatewayUnreachable):
            take_off(line_id=line_id, now=now)
    for act_id in queries.unfinished_acts(now - UNFINISHED_AFTER):
        with alone(f"act {act_id}", GatewayUnreachable):
            do_act(act_id=act_id, now=now)
