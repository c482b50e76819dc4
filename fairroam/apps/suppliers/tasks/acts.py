"""Pause and resume a resold eSIM at its supplier: claim, call, record."""

from __future__ import annotations

from datetime import datetime

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.suppliers import queries
from fairroam.apps.suppliers.tasks.gateways import gateway, suppliers
from fairroam.gateways.lines import Capabilities
from fairroam.gateways.suppliers import AnswerMismatch, SupplierRefused


def line_capabilities(order_line_id: int) -> Capabilities:
    """What can be done with a resold line, besides ending it; nothing before it was delivered."""
    order = queries.bought(order_line_id)
    is_there = order is not None and order.stage == "delivered" and order.supplier in suppliers()
    suspends = order is not None and is_there and gateway(order.supplier).capabilities.suspends
    return Capabilities(suspends=suspends, steers=False)


def do_act(*, act_id: int, now: datetime) -> None:
    """Have the supplier do an act that is under way, and record it. Safe to repeat.

    Each call says which state is wanted, so a repeat changes nothing. Raises GatewayUnreachable
    while the outcome is unknown: run it again.
    """
    wanted = esim_queries.wanted_call(act_id)
    if wanted is None:
        return
    order = queries.bought(wanted.line_id)
    assert order is not None
    supplier = gateway(order.supplier)
    switch = {"suspend": supplier.suspend, "resume": supplier.resume}[wanted.call]
    try:
        switch(ref=order.esim_ref)
    except SupplierRefused as refusal:
        esims.refuse_act(act_id=act_id, reason=refusal.code, now=now)
    except AnswerMismatch:
        esims.refuse_act(act_id=act_id, reason="answer-mismatch", now=now)
    else:
        esims.record_act(act_id=act_id, now=now)
