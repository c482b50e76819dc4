"""Another way for money: the customer names an account, and shows before that it is them."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.queries import Proof
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.operations.deliver import CAUSE as GIVEN_UP
from fairroam.apps.orders.operations.deliver import line_of
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payout
from fairroam.apps.refunds.models import RefundPart
from fairroam.apps.refunds.operations.moves import move, tell
from fairroam.apps.refunds.operations.paying import take_back_arrival


@transaction.atomic
def send_another_way(
    *,
    payout_id: int,
    customer_id: int,
    holder: str,
    iban: str,
    proof: Proof | None,
    now: datetime,
) -> None:
    """Send money that cannot go back the way it came to an account that the customer names.

    proof: how they showed just now who they are. Raises NotAmongYours, StepUpRequired,
    RecentContactChange (72 hours of rest), AccountClosed, IbanWrong, MoveNotAllowed.
    """
    payout = Payout.objects.filter(pk=payout_id, customer_id=customer_id).first()
    if payout is None:
        raise NotAmongYours(payout_id=payout_id)
    actor = f"customer:{customer_id}"
    customers.allow_guarded_act(customer_id=customer_id, kind="payout_change", proof=proof, now=now)
    part = RefundPart.objects.filter(payout=payout).select_related("request", "payout").first()
    if part is not None:
        orders.lock_line(part.request.order_line_id)
    elif payout.cause.startswith(GIVEN_UP):
        orders.lock_line(line_of(payout))
    payout.refresh_from_db()
    account = payments.keep_account(
        customer_id=customer_id, holder=holder, iban=iban, given_by=actor, now=now
    )
    if payout.stage == "needs_account":
        payments.name_account(payout_id=payout_id, account_id=account.pk, now=now, actor=actor)
    elif payout.stage not in ("failed", "returned"):
        raise MoveNotAllowed(payout_id=payout_id, stage=payout.stage)
    elif part is not None:
        reroute(part, account.pk, actor, now)
    elif payout.cause.startswith(GIVEN_UP):
        orders.send_again(payout_id=payout_id, actor=actor, now=now, account_id=account.pk)
    else:
        payments.send_again(payout_id=payout_id, now=now, account_id=account.pk)


def reroute(part: RefundPart, account_id: int, actor: str, now: datetime) -> None:
    """Let a refund's failed part go on to the account; its line is locked."""
    assert part.payout is not None
    take_back_arrival(part)
    part.payout = payments.send_again(payout_id=part.payout.pk, now=now, account_id=account_id)
    RefundPart.objects.filter(pk=part.pk).update(payout=part.payout)
    refund = part.request
    stuck = refund.parts.filter(payout__stage__in=["failed", "returned"])
    if refund.stage == "payout_failed" and not stuck.exists():
        move(refund, "retry", now=now)
        tell(refund, "refund.retried", actor=actor, now=now)
