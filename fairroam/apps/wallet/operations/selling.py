"""Vouchers that somebody buys: paid, their code shown, taken back while nobody has redeemed them.

What is paid stands in the house's book of vouchers, a debt to whoever has the code, until then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments import operations as payments
from fairroam.apps.wallet.models import Voucher
from fairroam.apps.wallet.operations.charging import prepare_charge
from fairroam.apps.wallet.operations.handing import (
    Recipient,
    fingerprint_of,
    note_recipient,
)
from fairroam.apps.wallet.operations.refunding import pay_by
from fairroam.apps.wallet.operations.vouchers import give_code, move, tell
from fairroam.apps.wallet.queries import terms
from fairroam.apps.wallet.queries.vouchers import (
    WARN_BEFORE,
    end_of,
    lost_of,
    withdrawn_until,
)
from fairroam.apps.wallet.refusals import VoucherKept
from fairroam.rules.money import Money


def buy_voucher(
    *, customer_id: int, amount: Money, key: UUID, now: datetime, to: Recipient | None = None
) -> Voucher:
    """Ask for the money of a voucher; it counts once that is paid. key: of the form.

    to: who is mailed its code then, or later; None: the buyer passes it on.

    Raises AmountOutOfBounds, NoWalletTerms, WayNotOffered, TooManyRecipients, AccountClosed,
    AccountLeaving, KeyReused.
    """

    def work() -> dict[str, Any]:
        return {"voucher_id": open_voucher(customer_id, amount, key, now, to).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="buy-voucher",
        key=str(key),
        request={"minor": amount.minor, "currency": amount.currency} | fingerprint_of(to),
        work=work,
        now=now,
    )
    return Voucher.objects.select_related("payment").get(pk=answer["voucher_id"])


@transaction.atomic
def open_voucher(
    customer_id: int, amount: Money, key: UUID, now: datetime, to: Recipient | None
) -> Voucher:
    customer = customers.lock_for_new(customer_id)
    page = f"/account/vouchers/{key}/"
    payment = prepare_charge(
        customer=customer,
        amount=amount,
        agreed=terms(amount.currency, now),
        key=key,
        description=_("Voucher"),
        path=page,
        path_by_hand=page,
        now=now,
    )
    voucher = Voucher.objects.create(
        kind="paid",
        stage="awaiting",
        currency=amount.currency,
        amount_minor=amount.minor,
        buyer=customer,
        payment=payment,
        made_at=now,
        counts_until=end_of(now, customer.zone),
    )
    if to is not None:
        note_recipient(voucher, to, customer, now)
    return voucher


def is_voucher(payment_id: int) -> bool:
    """Whether this charge was for a voucher."""
    return Voucher.objects.filter(payment_id=payment_id).exists()


@transaction.atomic
def confirm_voucher(*, payment_id: int, amount: Money, provider_ref: str, now: datetime) -> None:
    """A voucher is paid: from now on it counts. Safe to repeat.

    Under an account that is being left it goes back; under one that has closed meanwhile it goes
    to suspense, and to a person.
    """
    owner_id = Voucher.objects.values_list("buyer_id", flat=True).get(payment_id=payment_id)
    assert owner_id is not None
    buyer = customers.lock(owner_id)
    is_first = payments.record_captured(
        payment_id=payment_id, amount=amount, provider_ref=provider_ref, now=now
    )
    if not is_first:
        return
    if not buyer.is_open:
        payments.keep_late_capture(payment_id=payment_id, now=now)
        return
    if buyer.leaving_at is not None:
        payments.send_back_capture(payment_id=payment_id, act=f"voucher:{payment_id}", now=now)
        return
    locked = Voucher.objects.select_for_update(no_key=True, of=("self",))
    voucher = locked.select_related("payment").get(payment_id=payment_id)
    assert voucher.payment is not None
    move(voucher, "pay", paid_at=now, counts_until=end_of(now, buyer.zone))
    clearing = BookName("clearing", voucher.currency, label=voucher.payment.provider)
    sold = BookName("vouchers", voucher.currency)
    ledger.post(
        [Entry(f"voucher:{voucher.pk}/sold", voucher.amount_minor, clearing, sold)], now=now
    )
    tell(voucher, "voucher.sold", actor=f"customer:{owner_id}", now=now)


@transaction.atomic
def show_code(*, customer_id: int, voucher_id: int, now: datetime) -> str:
    """A new code for a voucher of the buyer's own; an older one ends with that.

    Raises NotAmongYours, also when it is unpaid, redeemed or taken back.
    """
    customers.lock(customer_id)
    voucher = lock_own(voucher_id, customer_id)
    if voucher.stage != "open":
        raise NotAmongYours(voucher_id=voucher_id)
    code = give_code(voucher)
    tell(voucher, "voucher.code_made", actor=f"customer:{customer_id}", now=now)
    return code


@transaction.atomic
def withdraw_voucher(*, customer_id: int, voucher_id: int, now: datetime) -> None:
    """The buyer takes a voucher back that nobody has redeemed: its code is dead at once, and the
    money goes back the way it came.

    Raises NotAmongYours, VoucherKept, MoveNotAllowed.
    """
    buyer = customers.lock(customer_id)
    voucher = lock_own(voucher_id, customer_id)
    if voucher.paid_at and now >= withdrawn_until(voucher.paid_at, buyer.zone, buyer.residence):
        raise VoucherKept(voucher_id=voucher_id)
    give_back(voucher, now)
    tell(voucher, "voucher.withdrawn", actor=f"customer:{customer_id}", now=now)


def give_back(voucher: Voucher, now: datetime, **changes: Any) -> None:
    """End a locked voucher and owe its money, the way it came; what a bank took of it is paid.

    Raises MoveNotAllowed.
    """
    assert voucher.payment_id is not None
    assert voucher.buyer_id is not None
    move(voucher, "withdraw", ended_at=now, **changes)
    cause = f"voucher:{voucher.pk}"
    owed = BookName("refunds_owed", voucher.currency, customer_id=voucher.buyer_id)
    payments.plan_payout(
        payment_id=voucher.payment_id,
        amount_minor=voucher.amount_minor,
        cause=cause,
        hold=False,
        pay_by=pay_by(voucher.buyer_id, now),
        now=now,
    )
    sold = BookName("vouchers", voucher.currency)
    ledger.post([Entry(f"{cause}/back", voucher.amount_minor, sold, owed)], now=now)


@transaction.atomic
def lose_voucher(*, payment_id: int, now: datetime) -> None:
    """The bank has taken back for good what paid a voucher: where nobody has redeemed it, it
    counts no more and nothing of it is owed. Safe to repeat.

    A redeemed one stays with who redeemed it in good faith: its worth stays the loss that was
    booked with the dispute, which a person is shown. One of which only a part was lost waits for
    a person (`part_lost`).
    """
    voucher = Voucher.objects.filter(payment_id=payment_id).first()
    if voucher is None or voucher.buyer_id is None:
        return
    customers.lock(voucher.buyer_id)
    voucher = Voucher.objects.select_for_update(no_key=True).get(pk=voucher.pk)
    if voucher.stage != "open" or lost_of(payment_id) < voucher.amount_minor:
        return
    move(voucher, "lose", ended_at=now)
    sold, loss = BookName("vouchers", voucher.currency), BookName("loss", voucher.currency)
    ledger.post([Entry(f"voucher:{voucher.pk}/lost", voucher.amount_minor, sold, loss)], now=now)
    tell(voucher, "voucher.lost", actor="system", now=now)


def lock_own(voucher_id: int, customer_id: int) -> Voucher:
    """Lock a voucher that this customer bought. Raises NotAmongYours."""
    locked = Voucher.objects.select_for_update(no_key=True)
    voucher = locked.filter(pk=voucher_id, buyer_id=customer_id).first()
    if voucher is None:
        raise NotAmongYours(voucher_id=voucher_id)
    return voucher


@transaction.atomic
def warn_of_end(*, voucher_id: int, now: datetime) -> None:
    """Tell the buyer that the end of a voucher is near, once. Safe to repeat."""
    due = Voucher.objects.filter(
        pk=voucher_id, kind="paid", stage="open", warned_at=None, counts_until__gt=now
    )
    if due.update(warned_at=now):
        tell(due.model.objects.get(pk=voucher_id), "voucher.ending", actor="system", now=now)


def ending_soon(now: datetime) -> list[int]:
    """Sold vouchers that nobody has redeemed, of whose end nobody was told yet."""
    due = Voucher.objects.filter(
        kind="paid", stage="open", warned_at=None, counts_until__range=(now, now + WARN_BEFORE)
    )
    return list(due.order_by("pk").values_list("pk", flat=True))
