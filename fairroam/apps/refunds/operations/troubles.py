"""Record that a plan does not work, what was tried against it, and that it works again."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.refunds.models import Trouble, TroubleStep
from fairroam.apps.refunds.queries.troubles import network_says
from fairroam.apps.refunds.refusals import NoOpenTrouble, NothingPaid


@transaction.atomic
def open_trouble(*, order_line_id: int, customer_id: int, cause: str, now: datetime) -> Trouble:
    """Begin the clock of a trouble, with what the network says; one that is open stays as it is.

    cause: one of models.troubles.CAUSES. Raises NotAmongYours, NothingPaid, AccountClosed.
    """
    lock_own_line(order_line_id, customer_id)
    if order_rows.terms_of(order_line_id).paid_at is None:
        raise NothingPaid(order_line_id=order_line_id)
    network = network_says(order_line_id).as_json()
    trouble, is_new = Trouble.objects.get_or_create(
        order_line_id=order_line_id,
        restored_at=None,
        defaults={"cause": cause, "opened_at": now, "network": network},
    )
    if is_new:
        tell(trouble, "trouble.opened", customer_id, now, cause=cause)
    return trouble


@transaction.atomic
def record_step(
    *, order_line_id: int, customer_id: int, kind: str, has_helped: bool, now: datetime
) -> None:
    """A step was tried; if it helped, the trouble is over. Told again, the first time counts.

    kind: one of models.troubles.STEPS. Raises NotAmongYours, NoOpenTrouble, AccountClosed.
    """
    trouble = lock_open_trouble(order_line_id, customer_id)
    network = network_says(order_line_id).as_json()
    _step, is_new = TroubleStep.objects.get_or_create(
        trouble=trouble,
        kind=kind,
        defaults={"done_at": now, "has_helped": has_helped, "network": network},
    )
    if is_new:
        tell(trouble, "trouble.step_done", customer_id, now, step=kind, has_helped=has_helped)
    if has_helped:
        restore(trouble, customer_id, now)


@transaction.atomic
def report_restored(*, order_line_id: int, customer_id: int, now: datetime) -> None:
    """It works again. Raises NotAmongYours, NoOpenTrouble, AccountClosed."""
    restore(lock_open_trouble(order_line_id, customer_id), customer_id, now)


def restore(trouble: Trouble, customer_id: int, now: datetime) -> None:
    Trouble.objects.filter(pk=trouble.pk).update(restored_at=now)
    tell(trouble, "trouble.restored", customer_id, now)


def lock_own_line(order_line_id: int, customer_id: int) -> None:
    customers.lock_for_new(customer_id)
    if order_rows.terms_of(order_line_id).customer_id != customer_id:
        raise NotAmongYours(order_line_id=order_line_id)
    orders.lock_line(order_line_id)


def lock_open_trouble(order_line_id: int, customer_id: int) -> Trouble:
    lock_own_line(order_line_id, customer_id)
    trouble = Trouble.objects.filter(order_line_id=order_line_id, restored_at=None).first()
    if trouble is None:
        raise NoOpenTrouble(order_line_id=order_line_id)
    return trouble


def tell(trouble: Trouble, kind: str, customer_id: int, now: datetime, **facts: object) -> None:
    journal.tell(
        kind,
        actor=f"customer:{customer_id}",
        now=now,
        customer_id=customer_id,
        order_line_id=trouble.order_line_id,
        trouble_id=trouble.pk,
        **facts,
    )
