"""Withdraw or end a contract without signing in: taken at once, carried out once it is proven."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from fairroam.apps.esims.operations import numbers_renew
from fairroam.apps.esims.queries import numbers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.orders.models import Order
from fairroam.apps.refunds.models import Declaration
from fairroam.apps.refunds.operations.asking import request_refund
from fairroam.apps.refunds.queries.declarations import named_orders
from fairroam.apps.refunds.refusals import (
    AlreadyAsked,
    AlreadySettled,
    OrderedLater,
    TooManyDeclarations,
)
from fairroam.rules import stages
from fairroam.rules.numbers import new_number

A_DAY_MAX = 10  # declarations with one address: enough for a family, too few to fill a mailbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was declared, in their own words. kind: "withdrawal" or "termination".

    contract: the order number, or what else names it. ends, reason: of a termination only.
    residence: the country whose words stood on the buttons; "" for no particular one.
    """

    kind: str
    name: str
    email: str
    contract: str
    residence: str
    language: str
    ends: str = ""
    reason: str = ""


def declare(*, key: UUID, said: Said, now: datetime) -> Declaration:
    """Take a declaration. It counts from now; nothing tells whether such a contract exists.

    key: of the form; sent again it gives the same declaration. Raises TooManyDeclarations,
    KeyReused.
    """

    def work() -> dict[str, Any]:
        return {"declaration_id": _take(key, said, now).pk}

    answer = journal.answer_once(
        principal="visitor",
        route="declaration",
        key=str(key),
        request=asdict(said),
        work=work,
        now=now,
    )
    return Declaration.objects.get(pk=answer["declaration_id"])


def _take(key: UUID, said: Said, now: datetime) -> Declaration:
    today = Declaration.objects.filter(
        email__iexact=said.email, declared_at__gt=now - timedelta(days=1)
    )
    if today.count() >= A_DAY_MAX:
        raise TooManyDeclarations
    declaration = Declaration.objects.create(
        key=key, number=new_number("DE"), declared_at=now, **asdict(said)
    )
    _tell(declaration, "contract.declared", actor="visitor", now=now)
    return declaration


@transaction.atomic
def prove_mailbox(*, declaration_id: int, now: datetime) -> Declaration:
    """Whoever reads the mailbox that was named stands behind it. Safe to repeat.

    Carried out where that mailbox is the one of the order named; else a person looks today.
    """
    declaration = Declaration.objects.get(pk=declaration_id)
    if declaration.stage != "received":
        return declaration
    order = order_of(declaration)
    if order is None:
        _move(declaration, "hand_over")
        return declaration
    return _carry_out(declaration, order, by="mailbox", now=now)


@transaction.atomic
def prove_customer(*, declaration_id: int, customer_id: int, now: datetime) -> Declaration:
    """The owner of the order is signed in. Raises NotAmongYours where the order is not theirs."""
    declaration = Declaration.objects.get(pk=declaration_id)
    order = Order.objects.filter(
        number=declaration.contract.strip().upper(), customer_id=customer_id
    ).first()
    if order is None:
        raise NotAmongYours(declaration_id=declaration_id)
    if declaration.stage not in ("received", "with_a_person"):
        return declaration
    return _carry_out(declaration, order, by=f"customer:{customer_id}", now=now)


@transaction.atomic
def confirm_by_hand(
    *, declaration_id: int, order_number: str, staff_user_id: int, now: datetime
) -> Declaration:
    """A person found out whose it is. Raises NotAmongYours, AlreadySettled, OrderedLater."""
    declaration = _waiting(declaration_id)
    order = Order.objects.filter(number=order_number.strip().upper()).first()
    if order is None:
        raise NotAmongYours(number=order_number)
    if declaration.declared_at < order.placed_at:
        raise OrderedLater(number=order.number)
    return _carry_out(declaration, order, by=f"staff:{staff_user_id}", now=now)


@transaction.atomic
def close_by_hand(*, declaration_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """A person found no contract behind it, and says so. Raises AlreadySettled."""
    declaration = _waiting(declaration_id)
    actor = f"staff:{staff_user_id}"
    _move(declaration, "close", settled_at=now, settled_by=actor, answer_words=words)
    _tell(declaration, "contract.declaration_closed", actor=actor, now=now)


def order_of(declaration: Declaration) -> Order | None:
    """The order that was named, if it belongs to the mailbox that was named."""
    return named_orders([declaration]).get(declaration.pk)


def _waiting(declaration_id: int) -> Declaration:
    declaration = Declaration.objects.get(pk=declaration_id)
    if declaration.stage not in ("received", "with_a_person"):
        raise AlreadySettled(declaration_id=declaration_id)
    return declaration


def _carry_out(declaration: Declaration, order: Order, *, by: str, now: datetime) -> Declaration:
    """Do to each eSIM of the order what was declared; the first hand to get here does it."""
    _move(declaration, "confirm", order=order, settled_at=now, settled_by=by)
    act = {"withdrawal": _withdraw, "termination": _stop_renewal}[declaration.kind]
    untouched = []
    for line_id in order.lines.order_by("pk").values_list("pk", flat=True):
        try:
            act(declaration, order.customer_id, line_id, now)
        except Refusal as refusal:  # Nothing paid, asked before, leaving already: told, not undone.
            untouched.append({"order_line_id": line_id, "code": refusal.code})
    _tell(
        declaration,
        "contract.left",
        actor=by,
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        untouched=untouched,
    )
    return declaration


def _withdraw(declaration: Declaration, customer_id: int, line_id: int, now: datetime) -> None:
    try:
        request_refund(
            order_line_id=line_id,
            customer_id=customer_id,
            key=uuid5(declaration.key, str(line_id)),
            asked_minor=None,
            words="",
            wish_minor=None,
            declared_at=declaration.declared_at,
            now=now,
            actor=declaration.settled_by,
        )
    except AlreadyAsked:
        return  # That request stands; its own instant is the earlier one, or a person sees both.


def _stop_renewal(_declaration: Declaration, customer_id: int, line_id: int, now: datetime) -> None:
    """Nothing here renews but a number's plan; every other plan ends by itself."""
    if numbers.has_keeping(line_id):
        numbers_renew.choose_renewal(
            line_id=line_id, customer_id=customer_id, renews=False, now=now
        )


def _move(declaration: Declaration, step: str, **changes: Any) -> None:
    before = declaration.stage
    after = stages.next_stage(stages.DECLARATION, before, step)
    waiting = Declaration.objects.filter(pk=declaration.pk, stage=before)
    if waiting.update(stage=after, **changes) != 1:
        raise AlreadySettled(declaration_id=declaration.pk)
    declaration.refresh_from_db()


def _tell(declaration: Declaration, kind: str, *, actor: str, now: datetime, **facts: Any) -> None:
    journal.tell(kind, actor=actor, now=now, declaration_id=declaration.pk, **facts)
