"""Take the next step of a closing: each safe twice, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from fairroam.apps.closures.models import Closure, ClosureStep
from fairroam.apps.closures.operations.certifying import certify
from fairroam.apps.closures.operations.ending import (
    NotYet,
    await_refunds,
    delete_sessions,
    drop_notices,
    end_lines,
)
from fairroam.apps.closures.operations.erasing import erase, rescan
from fairroam.apps.closures.operations.moves import lock, move, tell
from fairroam.apps.closures.operations.remembering import remember
from fairroam.apps.closures.operations.settling import hand_over
from fairroam.apps.closures.operations.starting import claim
from fairroam.apps.closures.queries import next_step
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.ledger import queries as ledger

Proof = dict[str, Any]


@transaction.atomic
def take_next_step(*, closure_id: int, now: datetime) -> str | None:
    """Take the first step that is not done; its name, or None when it waits or none is left.

    The customer's row is locked first: meanwhile nothing new can begin under the account. The
    last mail is no step of this function: it is sent outside of any transaction.
    """
    closure = lock(closure_id)
    name = next_step(closure_id)
    if name is None or name not in ACTS:
        return None
    claim(closure, now)
    if closure.claimed_at is None:
        return None
    step, _ = ClosureStep.objects.get_or_create(
        closure=closure, name=name, defaults={"started_at": now}
    )
    try:
        step.proof = ACTS[name](closure, now)
    except NotYet as missing:
        step.proof = {"waits_for": str(missing)}
        step.save(update_fields=["proof"])
        return None
    step.done_at = now
    step.save(update_fields=["proof", "done_at"])
    tell(closure, "closure.step_done", now=now, step=name)
    return name


def rescan_all(*, closure_id: int, now: datetime) -> None:
    """Search the whole database for the address; only what it found is kept in a transaction.

    The search takes as long as the database is large: no lock and no transaction waits for it.
    """
    closure = Closure.objects.get(pk=closure_id)
    assert next_step(closure_id) == "rescan"
    proof = rescan(closure)
    with transaction.atomic():
        closure = lock(closure_id)
        step, _is_new = ClosureStep.objects.get_or_create(
            closure=closure, name="rescan", defaults={"started_at": now}
        )
        if ClosureStep.objects.filter(pk=step.pk, done_at=None).update(proof=proof, done_at=now):
            tell(closure, "closure.step_done", now=now, step="rescan")


def close(closure: Closure, now: datetime) -> Proof:
    """The zero check and the closing, in one transaction with the customer's row locked.

    What began since the earlier steps is ended here again. The database itself refuses to close
    while anything lives under the account.
    """
    await_refunds(closure, now)
    ended = end_lines(closure, now)
    dropped = drop_notices(closure, now)
    pending = hand_over(closure, now)
    left = [book for book in ledger.balances_of(closure.customer_id) if book.minor]
    if left:
        raise NotYet("balance")
    address = people.address_of(closure.customer_id)
    try:
        with transaction.atomic():
            customers.close(customer_id=closure.customer_id, now=now)
    except IntegrityError:
        raise NotYet("something_lives") from None
    assert address is not None
    remember(address, closed_at=now)
    contact = address if pending else None
    move(closure, "close", closed_at=now, sealed_address=address, payout_contact=contact)
    return {"closed_at": now.isoformat(), "pending": pending, **ended, **dropped}


def certify_closed(closure: Closure, now: datetime) -> Proof:
    """Issue the certificate, once."""
    certificate, salts = certify(closure, now=now)
    move(closure, "certify", certificate=certificate, salts=salts)
    tell(closure, "closure.certified", now=now, paper_id=certificate.pk)
    return {"certificate": certificate.number}


ACTS: dict[str, Callable[[Closure, datetime], Proof]] = {
    "refunds": await_refunds,
    "lines": end_lines,
    "notices": drop_notices,
    "sessions": delete_sessions,
    "close": close,
    "erase": erase,
    "certify": certify_closed,
}
