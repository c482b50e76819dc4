"""Quotes that can be confirmed: how they stand, and what has changed since they were made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fairroam import rules
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders.queries import LineTerms
from fairroam.apps.payments import queries as payments
from fairroam.apps.payments.operations.planning import way_back
from fairroam.apps.refunds.models import Quote
from fairroam.apps.refunds.queries.facts import ACTIVATION, standing_of
from fairroam.apps.wallet import queries as wallet

# Chosen by the customer, or moved by the clock alone: a quote guards against these.
GUARDED = frozenset({"declared_at", "received_at", "asked"})


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is otherwise than when a quote was made.

    kind: one of ACTIVATION, or data, voice, sms (with what was used `before` and `after`), plan,
    money, dispute, trouble, outage, terms. at: when it happened, where that is known.
    """

    kind: str
    at: datetime | None = None
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRow:
    """A quote for its page; minor units. refund_id: the request it was confirmed as, if any."""

    key: UUID
    order_line_id: int
    is_top_up: bool
    order_number: str
    names: dict[str, str]
    currency: str
    zone: str
    asked_minor: int | None
    wish: str
    wish_minor: int | None
    destination: str
    words: str
    due_minor: int
    left_minor: int  # of the price, neither back nor on its way
    decision: dict[str, Any]
    made_at: datetime
    expires_at: datetime
    refund_id: int | None

    @property
    def asks_beyond(self) -> bool:
        """Whether a person will look at a rest, while what is due leaves without them."""
        beyond = self.left_minor if self.wish == "full" and self.asked_minor is None else 0
        return 0 < self.due_minor < max(beyond, self.wish_minor or 0)

    def lines(self, language: str) -> list[rules.Line]:
        """The receipt: every reason in words, with its number at the right."""
        return rules.explain(self.decision, language)


def own_quote(key: UUID, customer_id: int) -> Quote:
    """The customer's own quote. Raises NotAmongYours, also for one that nobody has."""
    found = Quote.objects.filter(key=key, customer_id=customer_id).first()
    if found is None:
        raise NotAmongYours(quote=str(key))
    return found


def quote_row(key: UUID, customer_id: int) -> QuoteRow:
    """That quote for its page. Raises NotAmongYours."""
    quotes = Quote.objects.select_related("order_line__order", "request")
    quote = quotes.filter(key=key, customer_id=customer_id).first()
    if quote is None:
        raise NotAmongYours(quote=str(key))
    line, request = quote.order_line, getattr(quote, "request", None)
    return QuoteRow(
        key=quote.key,
        order_line_id=line.pk,
        is_top_up=line.tops_up_id is not None,
        order_number=line.order.number,
        names=line.plan_copy["names"],
        currency=line.order.currency,
        zone=line.order.zone,
        asked_minor=quote.asked_minor,
        wish=quote.wish,
        wish_minor=quote.wish_minor,
        destination=quote.destination,
        words=quote.words,
        due_minor=quote.result["due"],
        left_minor=quote.facts["paid"] - quote.facts["refunded"] - quote.facts["pending"],
        decision=quote.result,
        made_at=quote.made_at,
        expires_at=quote.expires_at,
        refund_id=None if request is None else request.pk,
    )


def changes_since(quote: Quote) -> tuple[Change, ...]:
    """What has happened to the line since its quote; nothing when only time has passed.

    An outage that goes on lasts until the instant it is asked for: that of the quote.
    """
    standing = standing_of(quote.order_line_id)[0]
    return tuple(changes(quote.facts, standing.facts(declared_at=quote.made_at)))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """What distinguishes the facts `after` from those `before`, each thing once."""
    moved = {
        name
        for name in before.keys() | after.keys()
        if name not in GUARDED and before.get(name) != after.get(name)
    }
    for name in ACTIVATION:
        if name in moved and after[name]:
            yield Change(name, at=datetime.fromisoformat(after[name]))
    if "allowances" in moved:
        yield from changed_use(before["allowances"], after["allowances"])
    told = {*ACTIVATION, "allowances"}
    groups = {
        "plan": {"starts_at", "ends_at"},
        "money": {"refunded", "pending"},
        "trouble": {"trouble"},
        "outage": {"outages"},
        "dispute": {"tenders"} - ({"tenders"} if moved & {"refunded", "pending"} else set()),
    }
    for kind, names in groups.items():
        if moved & names:
            yield Change(kind)
    if moved - told - {"tenders"}.union(*groups.values()):
        yield Change("terms")


def activated_after(moment: datetime, facts: Mapping[str, Any]) -> tuple[Change, ...]:
    """The facts of activation that are later than `moment`."""
    told = {name: datetime.fromisoformat(facts[name]) for name in ACTIVATION if facts[name]}
    return tuple(Change(name, at=at) for name, at in told.items() if at > moment)


def changed_use(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[Change]:
    """Which allowances are used otherwise than before."""
    used = {allowance["kind"]: allowance["used"] for allowance in before}
    for allowance in after:
        kind = allowance["kind"]
        if used.get(kind) != allowance["used"]:
            yield Change(kind, before=used.get(kind, 0), after=allowance["used"])


def destinations(terms: LineTerms, *, now: datetime) -> tuple[str, ...]:
    """Where money for that line can go, what the law wants first; one leaves nothing to choose.

    The way it came; by transfer, once a means that it was paid with takes nothing back any more.
    Into the wallet for whoever would rather have that (Directive 2011/83/EU, article 13(1): only
    with their express agreement), where there is one and no bank asks for the payment.
    """
    left = {
        tender.payment_id: tender.captured - tender.refunded - tender.pending
        for tender in terms.tenders
        if tender.payment_id
    }
    paid_with = payments.with_history(left)
    ways = [
        way_back(payment, minor=minor, now=now, parts=parts)
        for payment, parts, _ in paid_with
        if (minor := left[payment.pk])
    ]
    first = "original" if all(way.is_original for way in ways) else "transfer"
    is_free = bool(ways) and not any(was_disputed for _, _, was_disputed in paid_with)
    has_wallet = is_free and terms.currency in wallet.currencies(now)
    return (first, "wallet") if has_wallet else (first,)
