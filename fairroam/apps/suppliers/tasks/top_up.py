"""Buy a pack at a supplier for an eSIM of theirs: claim, call, record."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from fairroam import points
from fairroam.apps.suppliers import operations, queries
from fairroam.apps.suppliers.tasks.gateways import gateway, pause_of
from fairroam.apps.suppliers.tasks.order import PASSING
from fairroam.gateways.suppliers import (
    AnswerMismatch,
    AskLater,
    GatewayUnreachable,
    SupplierRefused,
)

log = logging.getLogger(__name__)


def buy_top_up(*, order_line_id: int, now: datetime) -> None:
    """Go on with a pack until it is on its eSIM, or refused for good: then it is paid back.

    Safe to repeat. Raises GatewayUnreachable: run it again, the key stays the same.
    """
    supplier = gateway(queries.supplier_of_top_up(order_line_id))
    wanted = operations.claim_top_up(order_line_id=order_line_id, pause=pause_of(supplier), now=now)
    if wanted is None:
        return
    points.reached("supplier.pack_claimed")
    try:
        receipt = supplier.top_up(key=wanted.key, ref=wanted.esim_ref, package=wanted.package)
    except AskLater as later:
        until = now + timedelta(seconds=later.after_seconds)
        operations.wait_to_top_up(order_line_id=order_line_id, until=until)
    except GatewayUnreachable:
        silence = timedelta(seconds=supplier.capabilities.repeat_after_seconds)
        operations.wait_to_top_up(order_line_id=order_line_id, until=now + silence)
        raise
    except AnswerMismatch:
        operations.stick_top_up(order_line_id=order_line_id, now=now)
    except PASSING as refusal:
        operations.note_top_up_trouble(order_line_id=order_line_id, reason=refusal.code, now=now)
    except SupplierRefused as refusal:
        log.warning("top-up %d: the supplier refused: %s", order_line_id, refusal.code)
        operations.refuse_top_up(order_line_id=order_line_id, reason=refusal.code, now=now)
    else:
        points.reached("supplier.pack_sold")
        operations.record_top_up(order_line_id=order_line_id, receipt=receipt, now=now)
        points.reached("supplier.pack_recorded")
