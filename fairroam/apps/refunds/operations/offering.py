"""Offer something beyond the rules; the customer accepts, declines, asks for something else."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MovedMeanwhile, MoveNotAllowed, NotAmongYours
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering.operations.gifts import check_growth
from fairroam.apps.refunds.models import Decision, Offer, RefundRequest
from fairroam.apps.refunds.operations.deciding import await_usage, rests_on_the_end
from fairroam.apps.refunds.operations.giving import pay_back
from fairroam.apps.refunds.operations.handling import (
    authorise,
    note_answer,
    pause_clock,
    refuse_above_limit,
    resume_clock,
)
from fairroam.apps.refunds.operations.moves import RULES, lock_request, move, tell
from fairroam.apps.refunds.operations.papering import issue_decision
from fairroam.apps.refunds.operations.recording import record_decision
from fairroam.apps.refunds.operations.settling import (
    current_quote,
    left_after,
    refuse_beyond_terms,
    refuse_line_still_on,
    refuse_unless_under_review,
)
from fairroam.apps.refunds.queries.bargains import accepted_credit, credit_days
from fairroam.apps.refunds.queries.facts import Quote, quote_request
from fairroam.apps.refunds.refusals import (
    BeyondTheOffer,
    DueByTheRules,
    NothingLeft,
    OfferExpired,
    TooManyCounters,
    WishedTooMuch,
)
from fairroam.apps.wallet import operations as wallet
from fairroam.rules import offers, stages

GROWTH = {"extra_data": "data", "extension": "days"}  # what must be able to grow for these kinds


@transaction.atomic
def make_offer(
    *,
    request_id: int,
    staff_user_id: int,
    kind: str,
    quantity: int,
    hours: int,
    words: str,
    now: datetime,
) -> Offer:
    """Offer something beyond the rules, for some hours; the customer hears of it by mail.

    kind, quantity: of `rules.offers`; money comes on top of what is due, credit, data and days
    instead of a no. Raises AboveYourLimit (have it confirmed by a second person), FiguresMoved,
    UsageNotTold, BeyondTheOffer, DueByTheRules, NoWalletTerms, PlanCannotGrow, LineStillOn, and as
    `handling.authorise`.
    """
    refund = lock_request(request_id)
    member = authorise(refund, staff_user_id, now=now)
    quote = quote_for_offer(refund, kind, quantity, now=now)
    if offers.KINDS[kind] == "minor":
        refuse_above_limit(member, quote.due + quantity, quote.currency)
    return open_offer(
        refund,
        quote,
        kind=kind,
        quantity=quantity,
        hours=hours,
        words=words,
        made_by=f"staff:{staff_user_id}",
        now=now,
    )


def quote_for_offer(refund: RefundRequest, kind: str, quantity: int, *, now: datetime) -> Quote:
    """What the rules say now, if this may be offered beside it."""
    assert kind in offers.KINDS
    assert quantity > 0
    refuse_unless_under_review(refund)
    quote = current_quote(refund, now=now)
    if kind == "money":
        refuse_beyond_terms(refund, quote, quantity)
        return quote
    if quote.due:  # A right to money is paid in money; its plan is off anyway.
        raise DueByTheRules(refund_id=refund.pk, due=quote.due)
    if kind == "wallet_bonus":
        refuse_beyond_price(refund, quote, quantity, now=now)
    else:
        check_growth(refund.order_line_id, GROWTH[kind], now)
    return quote


def refuse_beyond_price(refund: RefundRequest, quote: Quote, minor: int, *, now: datetime) -> None:
    """Refuse more credit for a line than is left of its price, and any without a wallet for it.

    Raises BeyondTheOffer, NoWalletTerms.
    """
    credit_days(quote.currency, now)
    left = left_after(quote) - accepted_credit(refund.order_line_id)
    if minor > left:
        raise BeyondTheOffer(refund_id=refund.pk, asked=minor, offer=max(0, left))


def open_offer(
    refund: RefundRequest,
    quote: Quote,
    *,
    kind: str,
    quantity: int,
    hours: int,
    words: str,
    made_by: str,
    now: datetime,
    confirmed_by: str = "",
) -> Offer:
    assert offers.HOURS_MIN <= hours <= offers.HOURS_MAX
    offer = Offer.objects.create(
        request=refund,
        kind=kind,
        quantity=quantity,
        due_minor=quote.due,
        words=words.strip(),
        made_by=made_by,
        confirmed_by=confirmed_by,
        made_at=now,
        expires_at=now + timedelta(hours=hours),
    )
    move(refund, "offer", now=now)
    note_answer(refund, now=now)
    pause_clock(refund, now=now)
    tell(
        refund,
        "refund.offered",
        actor=made_by,
        now=now,
        offer_id=offer.pk,
        offered=kind,
        quantity=quantity,
        expires_at=offer.expires_at.isoformat(),
    )
    return offer


@transaction.atomic
def accept_offer(*, offer_id: int, customer_id: int, now: datetime) -> Decision:
    """The customer takes an open offer: it becomes a decision that supersedes the rules' one.

    What was promised stands, up to what is left of the price: if the rules give less by now,
    goodwill makes up the difference; if they give money by now, credit comes beside it. Raises
    NothingLeft, NotAmongYours, MovedMeanwhile, OfferExpired, LineStillOn, PlanCannotGrow,
    AccountLeaving.
    """
    offer, refund = lock_offer(offer_id, customer_id, now=now)
    quote, _ = quote_request(refund)
    promised = offer.due_minor + offer.quantity if offer.kind == "money" else 0
    goodwill_minor = max(0, min(promised - quote.due, left_after(quote)))
    if offer.kind == "money" and quote.due + goodwill_minor == 0:
        raise NothingLeft(offer_id=offer_id)
    decision = record_decision(
        refund,
        quote,
        by=offer.made_by,
        confirmed_by=offer.confirmed_by,
        now=now,
        goodwill_minor=goodwill_minor,
    )
    end_offer(offer, "accept", now=now, decision=decision)
    resume_clock(refund, now=now)
    actor = f"customer:{customer_id}"
    gives_credit = offer.kind == "wallet_bonus"
    if gives_credit:
        give_credit(offer, refund, now=now)
    if offer.kind == "money" or quote.due:
        refuse_line_still_on(refund, quote)
        pay_back(refund, decision, now=now, actor=actor, gift=offer if gives_credit else None)
        return decision
    if not gives_credit:
        grow(offer, refund.order_line_id, now=now)
    paper = issue_decision(refund, decision, now=now, offer=offer)
    move(refund, "settle", now=now, decision_paper=paper)
    tell(refund, "refund.settled", actor=actor, now=now, offer_id=offer.pk)
    return decision


def give_credit(offer: Offer, refund: RefundRequest, *, now: datetime) -> None:
    """Put a gift into the wallet, for as long as was said with the offer."""
    currency = refund.order_line.order.currency
    wallet.give(
        customer_id=refund.customer_id,
        currency=currency,
        minor=offer.quantity,
        origin="offer",
        cause=f"offer:{offer.pk}",
        days=credit_days(currency, offer.made_at),
        now=now,
    )


def grow(offer: Offer, order_line_id: int, *, now: datetime) -> None:
    """Give data or days. Raises PlanCannotGrow."""
    if offer.kind == "extra_data":
        metering.grant_extra(order_line_id=order_line_id, extra_bytes=offer.quantity, now=now)
    else:
        assert offer.kind == "extension"
        metering.extend_period(order_line_id=order_line_id, days=offer.quantity, now=now)


@transaction.atomic
def decline_offer(*, offer_id: int, customer_id: int, now: datetime) -> None:
    """The customer does not want an offer: the case goes back to its person.

    Raises NotAmongYours, MovedMeanwhile, OfferExpired.
    """
    offer, refund = lock_offer(offer_id, customer_id, now=now)
    end_offer(offer, "decline", now=now)
    actor = f"customer:{customer_id}"
    tell(refund, "refund.offer_declined", actor=actor, now=now, offer_id=offer.pk)
    return_to_review(refund, now=now)


@transaction.atomic
def counter_offer(
    *, offer_id: int, customer_id: int, wish_minor: int, words: str, now: datetime
) -> None:
    """The customer asks for another amount in all, at most what they paid; twice per request.

    Raises TooManyCounters, WishedTooMuch, NotAmongYours, MovedMeanwhile, OfferExpired.
    """
    assert wish_minor > 0
    offer, refund = lock_offer(offer_id, customer_id, now=now)
    if counters_left(refund.pk) == 0:
        raise TooManyCounters(refund_id=refund.pk)
    paid = int(quote_request(refund)[0].facts["paid"])
    if wish_minor > paid:
        raise WishedTooMuch(wish=wish_minor, paid=paid)
    end_offer(offer, "counter", now=now, counter_minor=wish_minor, counter_words=words.strip())
    actor = f"customer:{customer_id}"
    tell(
        refund,
        "refund.offer_countered",
        actor=actor,
        now=now,
        offer_id=offer.pk,
        wish_minor=wish_minor,
    )
    return_to_review(refund, now=now)


def counters_left(request_id: int) -> int:
    """How often the customer may still ask for something else."""
    made = Offer.objects.filter(request_id=request_id, stage="countered").count()
    return max(0, offers.COUNTERS_MAX - made)


@transaction.atomic
def expire_offer(*, offer_id: int, now: datetime) -> bool:
    """End an offer whose time is over; whether this call did it. Safe to repeat."""
    request_id = Offer.objects.values_list("request_id", flat=True).get(pk=offer_id)
    refund = lock_request(request_id)
    offer = Offer.objects.get(pk=offer_id)
    if offer.stage != "open" or now < offer.expires_at:
        return False
    end_offer(offer, "expire", now=now)
    tell(refund, "refund.offer_expired", actor=RULES, now=now, offer_id=offer.pk)
    return_to_review(refund, now=now)
    return True


def lock_offer(offer_id: int, customer_id: int, *, now: datetime) -> tuple[Offer, RefundRequest]:
    """An open offer to this customer, its request locked. What is too late has expired."""
    theirs = Offer.objects.filter(pk=offer_id, request__customer_id=customer_id)
    request_id = theirs.values_list("request_id", flat=True).first()
    if request_id is None:
        raise NotAmongYours(offer_id=offer_id)
    refund = lock_request(request_id)
    offer = Offer.objects.get(pk=offer_id)
    if offer.stage == "expired" or (offer.stage == "open" and now >= offer.expires_at):
        raise OfferExpired(offer_id=offer_id)
    if offer.stage != "open":
        raise MovedMeanwhile(offer_id=offer_id, expected="open")
    return offer, refund


def end_offer(offer: Offer, step: str, *, now: datetime, **changes: object) -> None:
    """Make a move of an offer. Raises MoveNotAllowed, MovedMeanwhile."""
    try:
        after = stages.next_stage(stages.OFFER, offer.stage, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(offer_id=offer.pk, stage=offer.stage, move=step) from None
    journal.advance(offer, after, ended_at=now, **changes)


def return_to_review(refund: RefundRequest, *, now: datetime) -> None:
    """Back to a person; if the plan was proven off meanwhile, the last usage is awaited first."""
    move(refund, "review", now=now)
    resume_clock(refund, now=now)
    if not rests_on_the_end(refund, now=now):
        await_usage(refund, now=now)
