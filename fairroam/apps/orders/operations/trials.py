"""Free trials: one per mailbox and eSIM chip. They end by themselves and turn into nothing."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.orders.models import Order, Trial
from fairroam.apps.orders.operations.confirm import conclude
from fairroam.apps.orders.operations.place import keep_consents, open_order
from fairroam.apps.orders.refusals import ConsentMissing, TrialUsed, UnknownResidence
from fairroam.rules.mailboxes import mailbox
from fairroam.rules.residences import zone_of


def mailbox_of(email: str) -> str:
    """A hash of the mailbox behind an address: nobody needs to know which one had a trial."""
    return sha256(mailbox(email).encode()).hexdigest()


def begin_trial(
    *,
    plan_code: str,
    email: str,
    residence: str,
    language: str,
    consents: dict[str, str],
    key: UUID,
    now: datetime,
) -> Order:
    """Give the owner of a mailbox, who has shown that it is theirs, an eSIM to try for free.

    consents: the words beside the ticked box, kind "terms" alone: nothing is paid, so that no
    right to a price is given up. key: of the link; opened again it gives the same order. Raises
    TrialUsed, ConsentMissing, UnknownResidence, NoSuchPlan, AccountClosed, KeyReused.
    """
    zone, mailbox = zone_of(residence), mailbox_of(email)
    if zone is None:
        raise UnknownResidence(residence=residence)

    def work() -> dict[str, Any]:
        plan = catalogue.trial(plan_code)
        if not consents.get("terms"):
            raise ConsentMissing(missing=["terms"])
        customer = customers.find_or_open(
            email=email, residence=residence, zone=zone, language=language, now=now
        )
        order = open_order(
            customer_id=customer.pk,
            plan=plan,
            quantity=1,
            provider="",
            tops_up=None,
            residence=residence,
            zone=zone,
            language=language,
            key=key,
            now=now,
        )
        try:
            with transaction.atomic():
                Trial.objects.create(line=order.lines.get(), mailbox_sha256=mailbox, begun_at=now)
        except IntegrityError as error:
            if not Trial.objects.filter(mailbox_sha256=mailbox).exists():
                raise
            raise TrialUsed from error  # the order goes with it
        keep_consents(order, consents, now)
        conclude(order, now)
        journal.tell(
            "trial.begun",
            actor=f"customer:{customer.pk}",
            now=now,
            customer_id=customer.pk,
            order_id=order.pk,
        )
        return {"order_id": order.pk}

    answer = journal.answer_once(
        principal="visitor",
        route="trial",
        key=str(key),
        request={"plan": plan_code, "mailbox": mailbox, "residence": residence},
        work=work,
        now=now,
    )
    return Order.objects.get(pk=answer["order_id"])


@transaction.atomic
def claim_chip(*, order_line_id: int, eid: str, now: datetime) -> bool:
    """The carrier named the chip that a trial is on. False: that chip had another one before.

    Such a trial is declined: tells `trial.declined` once. The claim of a chip stays, also when the
    trial ends. A line that is no trial has nothing to claim. Safe to repeat.
    """
    trial = Trial.objects.select_for_update(no_key=True).filter(line_id=order_line_id).first()
    if trial is None or not eid:
        return True
    if trial.declined_at is not None or trial.eid_sha256 is not None:
        return trial.declined_at is None
    chip = sha256(eid.encode()).hexdigest()
    try:
        with transaction.atomic():
            Trial.objects.filter(pk=trial.pk).update(eid_sha256=chip)
    except IntegrityError:
        Trial.objects.filter(pk=trial.pk).update(declined_at=now)
        journal.tell(
            "trial.declined",
            actor="carrier",
            now=now,
            customer_id=Order.objects.values_list("customer_id", flat=True).get(
                lines=order_line_id
            ),
            order_line_id=order_line_id,
        )
        return False
    return True


@transaction.atomic
def remind(*, order_line_id: int, now: datetime) -> None:
    """A trial is about to end: tell `trial.ending`, once."""
    running = Trial.objects.filter(
        line_id=order_line_id, reminded_at__isnull=True, declined_at__isnull=True
    )
    if running.update(reminded_at=now):
        journal.tell(
            "trial.ending",
            actor="system",
            now=now,
            customer_id=Order.objects.values_list("customer_id", flat=True).get(
                lines=order_line_id
            ),
            order_line_id=order_line_id,
        )
