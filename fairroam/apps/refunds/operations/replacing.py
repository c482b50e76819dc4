"""Give what was wished for in the place of money: another eSIM of the same plan."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.esims import operations as esims
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.refunds.models import Decision, Offer, RefundRequest
from fairroam.apps.refunds.models.quotes import INSTEAD_OF_MONEY
from fairroam.apps.refunds.operations.asking import take_off
from fairroam.apps.refunds.operations.deciding import await_usage
from fairroam.apps.refunds.operations.handling import authorise, note_answer
from fairroam.apps.refunds.operations.moves import lock_request, move, tell
from fairroam.apps.refunds.operations.papering import issue_decision
from fairroam.apps.refunds.operations.recording import record_decision
from fairroam.apps.refunds.operations.settling import refuse_unless_under_review
from fairroam.apps.refunds.queries.facts import quote_request
from fairroam.gateways.lines import Capabilities


@transaction.atomic
def give_replacement(
    *,
    request_id: int,
    staff_user_id: int,
    words: str,
    capabilities: Capabilities,
    now: datetime,
) -> Decision:
    """Settle a wish for a replacement: the plan goes on in a new eSIM, the old one is barred.

    No right to money ends with it. capabilities: of who serves the line. Raises MoveNotAllowed
    where it was not wished for, what `esims.ask_act` refuses, and as `handling.authorise`.
    """
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    if refund.wish != "replacement":
        raise MoveNotAllowed(refund_id=refund.pk, stage=refund.stage)
    authorise(refund, staff_user_id, now=now)
    actor = f"staff:{staff_user_id}"
    esims.ask_act(
        kind="change_phone",
        order_line_id=refund.order_line_id,
        customer_id=refund.customer_id,
        key=refund.key,
        capabilities=capabilities,
        actor=actor,
        now=now,
        is_lost=True,  # Whatever becomes of the old one, it is not used beside the new one.
    )
    quote, _ = quote_request(refund)
    decision = record_decision(refund, quote, by=actor, now=now)
    offer = Offer.objects.create(
        request=refund,
        kind="replacement",
        quantity=1,
        due_minor=quote.due,
        stage="accepted",  # It is what they had wished for.
        words=words.strip(),
        made_by=actor,
        made_at=now,
        expires_at=now + timedelta(hours=1),
        ended_at=now,
        decision=decision,
    )
    note_answer(refund, now=now)
    paper = issue_decision(refund, decision, now=now, offer=offer)
    move(refund, "offer", now=now)
    move(refund, "settle", now=now, decision_paper=paper)
    tell(refund, "refund.settled", actor=actor, now=now, offer_id=offer.pk)
    return decision


@transaction.atomic
def take_money_instead(*, request_id: int, customer_id: int, now: datetime) -> None:
    """Who wished for something else has the money after all: the line is taken off, then decided.

    It counts from when it was declared at first. Raises NotAmongYours, MoveNotAllowed where
    nothing but money was wished for, AccountClosed.
    """
    if not RefundRequest.objects.filter(pk=request_id, customer_id=customer_id).exists():
        raise NotAmongYours(refund_id=request_id)
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    quote, _ = quote_request(refund)
    if refund.wish not in INSTEAD_OF_MONEY or not quote.due:
        raise MoveNotAllowed(refund_id=refund.pk, stage=refund.stage)
    RefundRequest.objects.filter(pk=refund.pk).update(wish="")
    refund.wish = ""
    tell(refund, "refund.money_wanted", actor=f"customer:{customer_id}", now=now)
    if take_off(refund.order_line, now=now) is not None:
        await_usage(refund, now=now)
