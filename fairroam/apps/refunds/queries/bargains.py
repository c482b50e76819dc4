"""What lies between us and a customer: offers, questions, and whether an appeal is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet, Sum

from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.models import Case, Offer, RefundRequest
from fairroam.apps.refunds.queries.pages import RefundRow
from fairroam.apps.wallet import queries as wallet
from fairroam.rules import offers

FAULTS = {
    "offer {} is open and its request is elsewhere": """
        SELECT o.id FROM refunds_offer o JOIN refunds_refundrequest r ON r.id = o.request_id
        WHERE o.stage = 'open' AND r.stage <> 'offer_made'""",
    "request {} has an offer made and none is open": """
        SELECT r.id FROM refunds_refundrequest r WHERE r.stage = 'offer_made'
        AND NOT EXISTS (SELECT 1 FROM refunds_offer o WHERE o.request_id = r.id
                        AND o.stage = 'open')""",
    # What was promised is what was decided, but for what the rules gave more by then, and for what
    # was left of the price no more.
    "offer {} was accepted for another amount than its decision": """
        SELECT o.id FROM refunds_offer o JOIN refunds_decision d ON d.id = o.decision_id
        WHERE d.request_id <> o.request_id OR (o.kind = 'money' AND d.due_minor + d.goodwill_minor
              <> least(greatest(o.due_minor + o.quantity, d.due_minor), (d.facts->>'paid')::bigint
                     - (d.facts->>'refunded')::bigint - (d.facts->>'pending')::bigint))""",
    "offer {} of credit was accepted and did not become a gift, or the other way round": """
        SELECT o.id FROM refunds_offer o
        LEFT JOIN wallet_move m ON m.cause = 'offer:' || o.id AND m.minor = o.quantity
        WHERE o.kind = 'wallet_bonus' AND (o.stage = 'accepted') <> (m.id IS NOT NULL)""",
    # I31: whoever decides above the rules is somebody, and two are two.
    "proposal {} waits for a request that is not with a person": """
        SELECT p.id FROM refunds_proposal p JOIN refunds_refundrequest r ON r.id = p.request_id
        WHERE p.stage = 'waiting' AND r.stage <> 'under_review'""",
    "request {} is with a person and has no case": """
        SELECT r.id FROM refunds_refundrequest r
        WHERE r.stage IN ('under_review', 'offer_made', 'waiting_for_customer')
          AND NOT EXISTS (SELECT 1 FROM refunds_case c WHERE c.request_id = r.id)""",
    "the clock of request {} stands still and nobody is asked": """
        SELECT r.id FROM refunds_refundrequest r JOIN refunds_case c ON c.request_id = r.id
        WHERE c.paused_at IS NOT NULL AND r.is_live
          AND r.stage NOT IN ('offer_made', 'waiting_for_customer')""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One offer. kind, quantity: of `rules.offers`; total_minor: what is promised in all.

    credit_days: how long a gift in the wallet lasts once it is taken; 0 for every other kind.
    """

    id: int
    refund_id: int
    kind: str
    quantity: int
    due_minor: int
    stage: str
    words: str
    counter_minor: int | None
    counter_words: str
    made_by: str
    confirmed_by: str
    made_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    decision: str | None
    credit_days: int

    @property
    def credit_until(self) -> datetime | None:
        """Until when the gift can be spent, once it is taken."""
        return self.ended_at and self.ended_at + timedelta(days=self.credit_days)

    @property
    def total_minor(self) -> int:
        return self.due_minor + (self.quantity if self.kind == "money" else 0)

    @property
    def is_open(self) -> bool:
        return self.stage == "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bargain:
    """All of it for one request; offers newest first. missing: codes of `completeness`."""

    offers: tuple[OfferRow, ...]
    counters_left: int
    question_words: str
    missing: tuple[str, ...]
    asked_at: datetime | None
    added_words: str
    appealed_at: datetime | None
    can_appeal: bool

    @property
    def open_offer(self) -> OfferRow | None:
        return next((offer for offer in self.offers if offer.is_open), None)


def offer_row(offer: Offer) -> OfferRow:
    return OfferRow(
        id=offer.pk,
        refund_id=offer.request_id,
        kind=offer.kind,
        quantity=offer.quantity,
        due_minor=offer.due_minor,
        stage=offer.stage,
        words=offer.words,
        counter_minor=offer.counter_minor,
        counter_words=offer.counter_words,
        made_by=offer.made_by,
        confirmed_by=offer.confirmed_by,
        made_at=offer.made_at,
        expires_at=offer.expires_at,
        ended_at=offer.ended_at,
        decision=offer.decision.number if offer.decision else None,
        credit_days=days_of(offer),
    )


def days_of(offer: Offer) -> int:
    """How long what is offered lasts in the wallet, by the terms of when it was offered."""
    if offer.kind != "wallet_bonus":
        return 0
    return credit_days(offer.request.order_line.order.currency, offer.made_at)


def credit_days(currency: str, now: datetime) -> int:
    """How many days a gift lasts in a wallet of that currency. Raises NoWalletTerms."""
    return wallet.terms(currency, now).promo_days


def accepted_credit(order_line_id: int) -> int:
    """What was given as credit for that line so far, minor units."""
    taken = Offer.objects.filter(
        request__order_line_id=order_line_id, kind="wallet_bonus", stage="accepted"
    )
    return taken.aggregate(total=Sum("quantity"))["total"] or 0


def bargain(request_id: int) -> Bargain:
    """What lies between us and the customer of this request."""
    made = Offer.objects.filter(request_id=request_id)
    made = made.select_related("decision", "request__order_line__order").order_by("-pk")
    rows = tuple(offer_row(offer) for offer in made)
    case = Case.objects.filter(pk=request_id).select_related("request").first()
    countered = sum(row.stage == "countered" for row in rows)
    return Bargain(
        offers=rows,
        counters_left=max(0, offers.COUNTERS_MAX - countered),
        question_words=case.question_words if case else "",
        missing=tuple(case.missing) if case else (),
        asked_at=case.paused_at if case else None,
        added_words=case.added_words if case else "",
        appealed_at=case.appealed_at if case else None,
        can_appeal=case is not None
        and case.appealed_at is None
        and case.request.stage == "declined",
    )


def bargain_of(refund: RefundRow) -> Bargain:
    """As `bargain`; nothing lies between us where no person ever looked."""
    return bargain(refund.id) if refund.has_case else NOTHING


NOTHING = Bargain(
    offers=(),
    counters_left=offers.COUNTERS_MAX,
    question_words="",
    missing=(),
    asked_at=None,
    added_words="",
    appealed_at=None,
    can_appeal=False,
)


def offer(offer_id: int, customer_id: int) -> OfferRow:
    """An offer to this customer. Raises NotAmongYours."""
    theirs = Offer.objects.filter(pk=offer_id, request__customer_id=customer_id)
    found = theirs.select_related("decision", "request__order_line__order").first()
    if found is None:
        raise NotAmongYours(offer_id=offer_id)
    return offer_row(found)


@Often
def open_offers(customer_id: int) -> QuerySet[Offer]:
    """The offers that the customer can accept now, first to expire first."""
    made = Offer.objects.filter(request__customer_id=customer_id, stage="open")
    rows = made.select_related("decision", "request__order_line__order")
    return rows.order_by("expires_at", "pk")


def open_offers_of(customer_id: int) -> list[tuple[OfferRow, RefundRequest]]:
    """What the customer can accept now, first to expire first, each with its request."""
    return [(offer_row(one), one.request) for one in open_offers(customer_id)]


def offers_to_expire(now: datetime) -> list[int]:
    """Offers whose time is over."""
    late = Offer.objects.filter(stage="open", expires_at__lte=now)
    return list(late.order_by("pk").values_list("pk", flat=True))


def find_faults() -> Iterator[str]:
    """What contradicts itself among offers, proposals and clocks."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(found[0]) for found in cursor.fetchall())
