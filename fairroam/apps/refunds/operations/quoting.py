"""Guard an amount for some minutes: made on review, confirmed as it stood, or voided by news."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.refunds.models import Quote, RefundRequest
from fairroam.apps.refunds.operations.asking import Locked, Wanted, open_locked
from fairroam.apps.refunds.queries.facts import Standing, standing_of
from fairroam.apps.refunds.queries.pages import made_of_asked, open_asked
from fairroam.apps.refunds.queries.quotes import changes, own_quote
from fairroam.apps.refunds.refusals import (
    AlreadyAsked,
    CurrencyMismatch,
    QuoteChanged,
    QuoteExpired,
)
from fairroam.proof.canonical import canonical
from fairroam.rules.money import Money

GUARDED_FOR = timedelta(minutes=15)
KEPT_FOR = timedelta(days=1)  # after its end, for who comes back to the open page


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen on the page. asked: a part, at least 1; None asks for all that is due.

    wish: one of models.quotes.WISHES; wish_amount: what they would like to have, if they said.
    """

    asked: Money | None = None
    wish: str = ""
    wish_amount: Money | None = None
    destination: str = "original"
    agreed_words: str = ""  # beside the choice of credit instead of money
    words: str = ""


def make_quote(
    *, order_line_id: int, customer_id: int, key: UUID, choice: Choice, now: datetime
) -> Quote:
    """Keep what the rules say now, so that it can be confirmed within GUARDED_FOR.

    More than is due may be asked for: the surplus is kept as a wish for a person. key: of the
    form; sent again it gives the same quote. Raises NotAmongYours, NothingPaid, AlreadyAsked,
    CurrencyMismatch, AccountClosed, KeyReused.
    """

    made: list[Quote] = []

    def work() -> dict[str, Any]:
        customers.lock_for_new(customer_id)
        made.append(add_quote(order_line_id, customer_id, choice, now=now))
        return {"quote": str(made[0].key)}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="quote",
        key=str(key),
        request={"order_line_id": order_line_id, **asdict(choice)},
        work=work,
        now=now,
    )
    return made[0] if made else own_quote(UUID(answer["quote"]), customer_id)


def add_quote(order_line_id: int, customer_id: int, choice: Choice, *, now: datetime) -> Quote:
    standing, open_now = standing_of(order_line_id, open_asked([order_line_id]))
    terms = standing.terms
    if terms.customer_id != customer_id:
        raise NotAmongYours(order_line_id=order_line_id)
    for amount in (choice.asked, choice.wish_amount):
        if amount is not None and amount.currency != terms.currency:
            raise CurrencyMismatch(asked=amount.currency, paid=terms.currency)
    if open_now is not None:
        raise AlreadyAsked(refund_id=open_now)
    asked_minor = choice.asked.minor if choice.asked else None
    wish_minor = choice.wish_amount.minor if choice.wish_amount else None
    quote = standing.quote(now, now)
    if asked_minor is not None and asked_minor > quote.due:
        wish_minor = max(asked_minor, wish_minor or 0)
        asked_minor = None
    if asked_minor is not None:
        quote = standing.quote(now, now, asked=asked_minor)
    return Quote.objects.create(
        order_line_id=order_line_id,
        customer_id=customer_id,
        asked_minor=asked_minor,
        wish=choice.wish,
        wish_minor=wish_minor,
        destination=choice.destination,
        agreed_words=choice.agreed_words,
        words=choice.words,
        facts=quote.facts,
        facts_sha256=sha256(canonical(quote.facts)).hexdigest(),
        packs=quote.packs,
        result=quote.decision,
        made_at=now,
        expires_at=now + GUARDED_FOR,
    )


@transaction.atomic
def confirm_quote(*, quote_key: UUID, customer_id: int, actor: str, now: datetime) -> RefundRequest:
    """Ask for exactly what was quoted; it counts as declared when the quote was made.

    A quote becomes one request: sent again, it gives that one. Raises NotAmongYours,
    QuoteExpired, QuoteChanged (with what is otherwise now), AlreadyAsked, AccountClosed.
    """
    customer = customers.lock(customer_id)
    quote = lock_quoted(quote_key, customer_id)
    standing, open_now, made = standing_of(
        quote.order_line_id, open_asked([quote.order_line_id]), made_of_asked([quote.pk])
    )
    if made is not None:
        return RefundRequest.objects.get(pk=made)
    customers.refuse_new(customer)
    if open_now is not None:
        raise AlreadyAsked(refund_id=open_now)
    refuse_stale(quote, standing, now=now)
    return open_locked(
        Locked(customer, quote.order_line, standing),
        Wanted(
            asked_minor=quote.asked_minor,
            wish=quote.wish,
            wish_minor=quote.wish_minor,
            destination=quote.destination,
            words=quote.words,
            quote=quote,
        ),
        declared_at=quote.made_at,
        received_at=quote.made_at,
        now=now,
        actor=actor,
    )


def lock_quoted(key: UUID, customer_id: int) -> Quote:
    """Lock order and line of the customer's own quote, as `orders.lock_line` does, and read it.

    Nobody edits a quote, so it needs no lock. Raises NotAmongYours.
    """
    locked = Quote.objects.select_for_update(no_key=True, of=("order_line__order", "order_line"))
    own = locked.select_related("order_line__order").filter(key=key, customer_id=customer_id)
    quote = own.first()
    if quote is None:
        raise NotAmongYours(quote=str(key))
    return quote


def refuse_stale(quote: Quote, standing: Standing, *, now: datetime) -> None:
    """Refuse a quote that has been overtaken by the clock or, under the line's lock, by news."""
    if now >= quote.expires_at:
        raise QuoteExpired(quote=str(quote.key), expired_at=quote.expires_at.isoformat())
    changed = tuple(changes(quote.facts, standing.facts(declared_at=quote.made_at)))
    if changed:
        kinds = [change.kind for change in changed]
        raise QuoteChanged(quote=str(quote.key), changed=kinds)


@transaction.atomic
def quote_again(*, quote_key: UUID, customer_id: int, now: datetime) -> Quote:
    """A new quote with the same choices. Raises as make_quote does, but never KeyReused."""
    old = own_quote(quote_key, customer_id)
    currency = old.facts["currency"]
    customers.lock_for_new(customer_id)
    asked = Money(old.asked_minor, currency) if old.asked_minor else None
    wished = Money(old.wish_minor, currency) if old.wish_minor else None
    choice = Choice(
        asked=asked,
        wish=old.wish,
        wish_amount=wished,
        destination=old.destination,
        agreed_words=old.agreed_words,
        words=old.words,
    )
    return add_quote(old.order_line_id, customer_id, choice, now=now)


def forget_quotes(*, now: datetime) -> int:
    """Delete the quotes that nobody confirmed, a day after their end; how many."""
    old = Quote.objects.filter(request__isnull=True, expires_at__lt=now - KEPT_FOR)
    return old.delete()[0]
