"""Four eyes: what is above one's limit waits for a second, different person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import OVERSEERS
from fairroam.apps.customers.queries import StaffRow
from fairroam.apps.customers.refusals import FourEyes, NotAllowed
from fairroam.apps.journal.refusals import MovedMeanwhile, NotAmongYours
from fairroam.apps.refunds.models import Proposal, RefundRequest
from fairroam.apps.refunds.operations.handling import (
    authorise,
    member_at,
    note_answer,
    refuse_above_limit,
    refuse_concerned,
)
from fairroam.apps.refunds.operations.moves import lock_request, tell
from fairroam.apps.refunds.operations.offering import open_offer, quote_for_offer
from fairroam.apps.refunds.operations.settling import (
    give_back,
    quote_for_approval,
    refuse_unless_under_review,
)
from fairroam.apps.refunds.queries.facts import Quote
from fairroam.apps.refunds.refusals import FiguresMoved
from fairroam.rules import stages


@transaction.atomic
def propose(
    *,
    request_id: int,
    staff_user_id: int,
    act: str,
    content: Mapping[str, Any],
    words: str,
    now: datetime,
) -> Proposal:
    """Write down an approval, or an offer of money or credit, for a second person to confirm.

    content: of "approve" goodwill_minor; of "offer" kind, quantity (minor units), hours. Raises
    MoveNotAllowed while another proposal waits, and what the act itself refuses but its limit.
    """
    refund = lock_request(request_id)
    refuse_unless_under_review(refund)
    authorise(refund, staff_user_id, now=now)
    if refund.proposals.filter(stage="waiting").exists():
        raise MovedMeanwhile(refund_id=request_id, expected="no proposal")
    quote, extra = checked(refund, act, content, now=now)
    actor = f"staff:{staff_user_id}"
    proposal = Proposal.objects.create(
        request=refund,
        act=act,
        content=dict(content),
        amount_minor=quote.due + extra,
        words=words.strip(),
        proposed_by=actor,
        proposed_at=now,
    )
    note_answer(refund, now=now)
    tell(
        refund,
        "refund.proposed",
        actor=actor,
        now=now,
        proposal_id=proposal.pk,
        amount_minor=proposal.amount_minor,
    )
    return proposal


def checked(
    refund: RefundRequest, act: str, content: Mapping[str, Any], *, now: datetime
) -> tuple[Quote, int]:
    """The rules' quote of now for an act, and what comes on top; what it refuses is raised."""
    if act == "approve":
        goodwill_minor = content["goodwill_minor"]
        return quote_for_approval(refund, goodwill_minor, now=now), goodwill_minor
    assert act == "offer"
    quantity = content["quantity"]
    return quote_for_offer(refund, content.get("kind", "money"), quantity, now=now), quantity


@transaction.atomic
def confirm(*, proposal_id: int, staff_user_id: int, now: datetime) -> None:
    """A second, different person lets the act happen, on the facts of now.

    Raises FourEyes for the same person by whichever login, AboveYourLimit, NotAllowed,
    NotYourOwnCase, SamePersonAsBefore, MovedMeanwhile, FiguresMoved, and what the act refuses.
    """
    proposal, refund, member = lock_proposal(proposal_id, staff_user_id)
    quote, extra = checked(refund, proposal.act, proposal.content, now=now)
    if quote.due + extra != proposal.amount_minor:
        raise FiguresMoved(seen=proposal.amount_minor, due=quote.due + extra)
    if member.role != "operator":  # Above that nobody stands; two persons have agreed.
        refuse_above_limit(member, quote.due + extra, quote.currency)
    second = f"staff:{staff_user_id}"
    end_proposal(proposal, "confirm", by=second, now=now)
    if proposal.act == "approve":
        give_back(
            refund,
            quote,
            by=proposal.proposed_by,
            confirmed_by=second,
            goodwill_minor=extra,
            now=now,
        )
        return
    open_offer(
        refund,
        quote,
        kind=proposal.content.get("kind", "money"),
        quantity=extra,
        hours=proposal.content["hours"],
        words=proposal.words,
        made_by=proposal.proposed_by,
        confirmed_by=second,
        now=now,
    )


@transaction.atomic
def refuse_proposal(*, proposal_id: int, staff_user_id: int, now: datetime) -> None:
    """A second person, or its author, lets a proposal fall; the case stays where it is."""
    proposal = Proposal.objects.get(pk=proposal_id)
    if proposal.proposed_by == f"staff:{staff_user_id}":
        refund = lock_request(proposal.request_id)
    else:
        proposal, refund, _member = lock_proposal(proposal_id, staff_user_id)
    end_proposal(proposal, "refuse", by=f"staff:{staff_user_id}", now=now)
    tell(
        refund,
        "refund.proposal_refused",
        actor=f"staff:{staff_user_id}",
        now=now,
        proposal_id=proposal_id,
    )


def lock_proposal(proposal_id: int, staff_user_id: int) -> tuple[Proposal, RefundRequest, StaffRow]:
    """A waiting proposal, its request locked, for somebody who may be the second person."""
    request_id = (
        Proposal.objects.filter(pk=proposal_id).values_list("request_id", flat=True).first()
    )
    if request_id is None:
        raise NotAmongYours(proposal_id=proposal_id)
    refund = lock_request(request_id)
    proposal = Proposal.objects.get(pk=proposal_id)
    if proposal.stage != "waiting":
        raise MovedMeanwhile(proposal_id=proposal_id, expected="waiting")
    member = member_at(staff_user_id)
    author = int(proposal.proposed_by.partition(":")[2])
    if customers.same_person(author, staff_user_id):
        raise FourEyes(proposal_id=proposal_id)
    if member.role not in OVERSEERS:
        raise NotAllowed(role="senior")
    refuse_concerned(refund, staff_user_id)
    return proposal, refund, member


def end_proposal(proposal: Proposal, step: str, *, by: str, now: datetime) -> None:
    """Make a move of a proposal. Raises MovedMeanwhile."""
    waiting = Proposal.objects.filter(pk=proposal.pk, stage="waiting")
    after = stages.next_stage(stages.PROPOSAL, "waiting", step)
    if waiting.update(stage=after, ended_by=by, ended_at=now) != 1:
        raise MovedMeanwhile(proposal_id=proposal.pk, expected="waiting")
