"""Give paid credit to another customer: asked, accepted, rested, arrived; or back again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Q

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.queries import Proof
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments.refusals import OwnTransfer
from fairroam.apps.wallet.models import CreditTransfer, Lot, TransferPart
from fairroam.apps.wallet.operations.lots import (
    change,
    lock_lots,
    lock_these,
    open_lot,
    take_parts,
)
from fairroam.apps.wallet.queries import given_away, terms, usable
from fairroam.apps.wallet.refusals import NotTransferable, RecipientUnverified, TransferLimit
from fairroam.rules import stages
from fairroam.rules.burning import Purse, burn_parts
from fairroam.rules.money import Money

DAY = timedelta(days=1)
REST = timedelta(hours=24)  # between its acceptance and its use
OPEN_FOR = timedelta(days=7)  # to be accepted


def send_credit(
    *,
    sender_id: int,
    address: str,
    amount: Money,
    key: UUID,
    proof: Proof | None,
    now: datetime,
) -> CreditTransfer:
    """Take paid credit out of the wallet, to be accepted by whoever signs in with `address`.

    It stands in a holding book meanwhile, and is the sender's to take back. key: of the form.
    proof: how the sender showed just now who they are. Raises NotTransferable (422),
    RecipientUnverified (422), TransferLimit, NoWalletTerms, StepUpRequired, RecentContactChange,
    AccountClosed, AccountLeaving, KeyReused.
    """

    def work() -> dict[str, Any]:
        sent = open_transfer(sender_id, address, amount, proof, now)
        return {"credit_transfer_id": sent.pk}

    answer = journal.answer_once(
        principal=f"customer:{sender_id}",
        route="send-credit",
        key=str(key),
        request={
            "to": journal.fingerprint({"email": address.strip().lower()}),
            "minor": amount.minor,
            "currency": amount.currency,
        },
        work=work,
        now=now,
    )
    return CreditTransfer.objects.get(pk=answer["credit_transfer_id"])


@transaction.atomic
def open_transfer(
    sender_id: int, address: str, amount: Money, proof: Proof | None, now: datetime
) -> CreditTransfer:
    recipient_id = verified_customer(address)
    if recipient_id is not None and recipient_id != sender_id:
        lock_both(sender_id, recipient_id)
    customers.lock_for_new(sender_id)
    customers.allow_guarded_act(customer_id=sender_id, kind="transfer", proof=proof, now=now)
    if recipient_id == sender_id:
        raise NotTransferable(customer_id=sender_id)
    if recipient_id is None or not is_open(recipient_id):
        raise RecipientUnverified(customer_id=sender_id)
    day_most = terms(amount.currency, now).transfer_day_minor
    if given_away(sender_id, amount.currency, since=now - DAY) + amount.minor > day_most:
        raise TransferLimit(customer_id=sender_id, most=day_most)
    parts = parts_to_send(sender_id, amount, now)
    doubt = doubt_about(recipient_id, [lot for lot, _ in parts])
    sent = CreditTransfer.objects.create(
        sender_id=sender_id,
        recipient_id=recipient_id,
        currency=amount.currency,
        amount_minor=amount.minor,
        stage="review" if doubt else "waiting",
        doubt=doubt,
        asked_at=now,
        expires_at=now + OPEN_FOR,
    )
    TransferPart.objects.bulk_create(
        TransferPart(transfer=sent, lot=lot, minor=minor) for lot, minor in parts
    )
    holding = BookName("in_transfer", amount.currency)
    take_parts(parts, cause=f"transfer:{sent.pk}", target=holding, now=now)
    kind = "credit.review_needed" if doubt else "credit.offered"
    tell(sent, kind, actor=f"customer:{sender_id}", now=now)
    return sent


def verified_customer(address: str) -> int | None:
    """The customer of that address, if they have proven it by signing in."""
    customer_id = people.customer_by_address(address)
    if customer_id is None:
        return None
    proven = EmailAddress.objects.filter(
        user__customer=customer_id, email__iexact=address.strip(), verified=True
    )
    return customer_id if proven.exists() else None


def lock_both(one_id: int, other_id: int) -> None:
    """Lock two customers, ids ascending, so that two callers never wait in a ring."""
    for customer_id in sorted((one_id, other_id)):
        customers.lock(customer_id)


def is_open(customer_id: int) -> bool:
    """Whether something new may begin under that account; its row is locked."""
    customer = people.customer(customer_id)
    return customer.is_open and customer.leaving_at is None


def parts_to_send(sender_id: int, amount: Money, now: datetime) -> list[tuple[Lot, int]]:
    """The paid lots that give the amount, oldest first, locked. Raises NotTransferable."""
    # What a voucher brought was given away once, and stays with whoever redeemed it.
    free = Q(kind="paid", voucher__isnull=True) & usable(now)
    lots = {lot.pk: lot for lot in lock_lots(sender_id, amount.currency, free)}
    purses = [
        Purse(id=lot.pk, is_promo=False, left=lot.left_minor - lot.reserved_minor)
        for lot in lots.values()
    ]
    left = sum(purse.left for purse in purses)
    if not 0 < amount.minor <= left:
        raise NotTransferable(customer_id=sender_id, free=left, asked=amount.minor)
    return [
        (lots[lot_id], minor) for lot_id, minor in burn_parts(purses, amount.minor, "paid_first")
    ]


def doubt_about(recipient_id: int, lots: list[Lot]) -> str:
    """Why a person should look before it goes on; empty: nothing stands out.

    Money that comes round to whoever has paid with the same payment before is the mark of one
    person with two accounts, or of stolen cards.
    """
    shared = {lot.payment_id for lot in lots} & set(
        Lot.objects.filter(customer_id=recipient_id, payment__isnull=False).values_list(
            "payment_id", flat=True
        )
    )
    return "same_payment" if shared else ""


# What becomes of it -----------------------------------------------------------------------------


def lock_transfer(transfer_id: int, **whose: int) -> CreditTransfer:
    """Lock both customers and the transfer. Raises NotAmongYours."""
    found = CreditTransfer.objects.filter(pk=transfer_id, **whose).first()
    if found is None:
        raise NotAmongYours(credit_transfer_id=transfer_id)
    lock_both(found.sender_id, found.recipient_id)
    return CreditTransfer.objects.select_for_update(no_key=True).get(pk=transfer_id)


def move(sent: CreditTransfer, step: str, **changes: Any) -> None:
    """Make a move of a locked transfer. Raises MoveNotAllowed, MovedMeanwhile."""
    before = sent.stage
    try:
        after = stages.next_stage(stages.CREDIT_TRANSFER, before, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(credit_transfer_id=sent.pk, stage=before, move=step) from None
    if after in stages.terminal(stages.CREDIT_TRANSFER):
        changes["is_live"] = None
    journal.advance(sent, after, **changes)
    sent.refresh_from_db()


@transaction.atomic
def accept_credit(*, transfer_id: int, recipient_id: int, now: datetime) -> CreditTransfer:
    """The recipient takes it: from here on it rests, and arrives by itself.

    Raises NotAmongYours, MoveNotAllowed (also after its time), RecipientUnverified.
    """
    sent = lock_transfer(transfer_id, recipient_id=recipient_id)
    if not is_open(recipient_id):
        raise RecipientUnverified(customer_id=recipient_id)
    if sent.stage == "waiting" and now >= sent.expires_at:
        raise MoveNotAllowed(credit_transfer_id=sent.pk, stage="expired", move="accept")
    move(sent, "accept", accepted_at=now, rests_until=now + REST)
    tell(sent, "credit.accepted", actor=f"customer:{recipient_id}", now=now)
    return sent


@transaction.atomic
def decline_credit(*, transfer_id: int, recipient_id: int, now: datetime) -> None:
    """The recipient does not want it. Raises NotAmongYours, MoveNotAllowed."""
    sent = lock_transfer(transfer_id, recipient_id=recipient_id)
    end(sent, "decline", "credit.declined", actor=f"customer:{recipient_id}", now=now)


@transaction.atomic
def undo_credit(*, transfer_id: int, sender_id: int, now: datetime) -> None:
    """The sender takes back what nobody accepted. Raises NotAmongYours, MoveNotAllowed."""
    sent = lock_transfer(transfer_id, sender_id=sender_id)
    end(sent, "undo", "credit.undone", actor=f"customer:{sender_id}", now=now)


@transaction.atomic
def release_credit(*, transfer_id: int, staff_user_id: int, now: datetime) -> None:
    """A person saw nothing wrong: it goes on. Raises NotAmongYours, MoveNotAllowed, OwnTransfer."""
    sent = lock_transfer(transfer_id)
    refuse_own(sent, staff_user_id)
    move(sent, "release", expires_at=now + OPEN_FOR)
    tell(sent, "credit.offered", actor=f"staff:{staff_user_id}", now=now)


@transaction.atomic
def refuse_credit(*, transfer_id: int, staff_user_id: int, now: datetime) -> None:
    """A person stops it: it goes back to its sender. Raises as `release_credit`."""
    sent = lock_transfer(transfer_id)
    refuse_own(sent, staff_user_id)
    end(sent, "refuse", "credit.refused", actor=f"staff:{staff_user_id}", now=now)


def refuse_own(sent: CreditTransfer, staff_user_id: int) -> None:
    """Raise OwnTransfer for its sender and its recipient, by whichever login of theirs."""
    for side in (sent.sender, sent.recipient):
        if people.same_person(side.user_id, staff_user_id):
            raise OwnTransfer(credit_transfer_id=sent.pk)


def end(sent: CreditTransfer, step: str, kind: str, *, actor: str, now: datetime) -> None:
    """Put the parts of a locked transfer back into the lots that they came from."""
    move(sent, step, ended_at=now)
    parts = list(sent.parts.order_by("pk"))
    lots = lock_these(part.lot_id for part in parts)
    for part in parts:
        change(lots[part.lot_id], part.minor, f"transfer-back:{sent.pk}", now)
        ledger.reverse(f"lot:{part.lot_id}/transfer:{sent.pk}", now=now)
    tell(sent, kind, actor=actor, now=now)


@transaction.atomic
def finish_credit(*, transfer_id: int, now: datetime) -> bool:
    """Let a transfer arrive that has rested, or end one that nobody accepted in time.

    Whether this call did it; safe to repeat. What a closing began meanwhile waits for nothing:
    a transfer under way keeps both accounts open.
    """
    sent = lock_transfer(transfer_id)
    if sent.stage == "waiting" and now >= sent.expires_at:
        end(sent, "expire", "credit.expired", actor="system", now=now)
        return True
    if sent.stage != "resting" or sent.rests_until is None or now < sent.rests_until:
        return False
    move(sent, "finish", ended_at=now)
    for part in sent.parts.select_related("lot").order_by("pk"):
        open_lot(
            customer_id=sent.recipient_id,
            kind="paid",
            currency=sent.currency,
            minor=part.minor,
            origin="transfer",
            cause=f"transfer:{sent.pk}/{part.lot_id}",
            source=BookName("in_transfer", sent.currency),
            payment_id=part.lot.payment_id,
            now=now,
        )
    tell(sent, "credit.arrived", actor="system", now=now)
    return True


def due_transfers(now: datetime) -> list[int]:
    """Transfers that have rested, or that nobody accepted in time."""
    due = Q(stage="resting", rests_until__lte=now) | Q(stage="waiting", expires_at__lte=now)
    return list(CreditTransfer.objects.filter(due).order_by("pk").values_list("pk", flat=True))


def tell(sent: CreditTransfer, kind: str, *, actor: str, now: datetime) -> None:
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=sent.sender_id,
        credit_transfer_id=sent.pk,
        recipient_id=sent.recipient_id,
        amount_minor=sent.amount_minor,
    )
