"""Another way: an account that the customer names, and a transfer that two people send."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.refusals import FourEyes
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.payments.models import BankAccount, LateMoney, Payment, Payout
from fairroam.apps.payments.operations.covering import (
    cover_by_chargebacks,
    forget_accounts,
)
from fairroam.apps.payments.operations.planning import plan_payout, send_again, set_out, tell
from fairroam.apps.payments.operations.sending import REASON_LETTERS, settle_payout, to_send
from fairroam.apps.payments.queries.rows import LATE
from fairroam.apps.payments.refusals import IbanWrong, OwnTransfer
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus
from fairroam.rules import stages


def checked_iban(typed: str) -> str:
    """The IBAN as written, compact. Raises IbanWrong: another length, country or check digit."""
    try:
        return str(ibans.validate(typed))
    except ValidationError:
        raise IbanWrong from None


@transaction.atomic
def keep_account(
    *, customer_id: int, holder: str, iban: str, given_by: str, now: datetime
) -> BankAccount:
    """Keep where a customer wants money to go. Raises IbanWrong."""
    return BankAccount.objects.create(
        customer_id=customer_id,
        holder=" ".join(holder.split()),
        iban=checked_iban(iban),
        given_at=now,
        given_by=given_by,
    )


@transaction.atomic
def name_account(*, payout_id: int, account_id: int, now: datetime, actor: str) -> None:
    """Give a payout that waits for it its account; people send it next. Raises MoveNotAllowed."""
    payout = lock_payout(payout_id, now)[1]
    if (payout.stage, "name_account") not in stages.PAYOUT:
        raise MoveNotAllowed(payout_id=payout_id, stage=payout.stage)
    payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, "name_account")
    payout.account_id = account_id
    set_out(payout, now)
    tell(payout, "payout.account_named", now, actor=actor)


def lock_payout(payout_id: int, now: datetime) -> tuple[Payment, Payout]:
    """Lock the payment, then the payout, chargebacks counted. Raises NotAmongYours."""
    found = Payout.objects.filter(pk=payout_id).values_list("payment_id", flat=True).first()
    if found is None:
        raise NotAmongYours(payout_id=payout_id)
    payment = Payment.objects.select_for_update(no_key=True).get(pk=found)
    cover_by_chargebacks(found, now=now)
    return payment, Payout.objects.select_for_update(no_key=True).get(pk=payout_id)


@transaction.atomic
def mark_transfer_sent(*, payout_id: int, staff_user_id: int, bank_ref: str, now: datetime) -> None:
    """A person sent a transfer at our bank; another one confirms it.

    bank_ref: the bank's number of it. Raises NotAmongYours, MoveNotAllowed, OwnTransfer.
    """
    payout = lock_payout(payout_id, now)[1]
    if payout.stage != "manual_payout":
        raise MoveNotAllowed(payout_id=payout_id, stage=payout.stage)
    refuse_own(payout, staff_user_id)
    payout.stage = stages.next_stage(stages.PAYOUT, payout.stage, "send")
    payout.sent_by_id, payout.sent_at, payout.provider_ref = staff_user_id, now, bank_ref
    payout.attempts += 1
    payout.save()
    tell(payout, "payout.sent", now, actor=f"staff:{staff_user_id}")


@transaction.atomic
def confirm_transfer(
    *, payout_id: int, staff_user_id: int, has_arrived: bool, reason: str, now: datetime
) -> None:
    """A second person saw on the bank's statement that a transfer went out, or that it failed.

    reason: the bank's, when it failed. Raises NotAmongYours, MoveNotAllowed, FourEyes when the
    one who sent it is the same person, OwnTransfer.
    """
    payment, payout = lock_payout(payout_id, now)
    if payout.stage != "sent" or not payout.is_by_hand:
        raise MoveNotAllowed(payout_id=payout_id, stage=payout.stage)
    refuse_own(payout, staff_user_id)
    if customers.same_person(payout.sent_by_id, staff_user_id):
        raise FourEyes(payout_id=payout_id)
    payout.confirmed_by_id = staff_user_id
    receipt = PayoutReceipt(
        provider_ref="",
        status=PayoutStatus.SUCCEEDED if has_arrived else PayoutStatus.FAILED,
        amount=to_send(payout),
        reason="" if has_arrived else reason[:REASON_LETTERS],
    )
    move = "confirm" if has_arrived else "refuse"
    settle_payout(payment, payout, move, receipt, now, actor=f"staff:{staff_user_id}")


@transaction.atomic
def record_transfer_returned(
    *, payout_id: int, staff_user_id: int, reason: str, now: datetime
) -> None:
    """The bank gave a confirmed transfer back: it is owed again, and its owner names another way.

    reason: the bank's. Raises NotAmongYours, MoveNotAllowed, OwnTransfer.
    """
    payment, payout = lock_payout(payout_id, now)
    if payout.stage != "succeeded" or not payout.is_by_hand:
        raise MoveNotAllowed(payout_id=payout_id, stage=payout.stage)
    refuse_own(payout, staff_user_id)
    receipt = PayoutReceipt(
        provider_ref="", status=PayoutStatus.FAILED, amount=to_send(payout), reason=reason
    )
    settle_payout(payment, payout, "return", receipt, now, actor=f"staff:{staff_user_id}")


def refuse_own(payout: Payout, staff_user_id: int) -> None:
    """Raise OwnTransfer for whom the money is owed to, by whichever login of theirs."""
    if customers.same_person(payout.customer.user_id, staff_user_id):
        raise OwnTransfer(payout_id=payout.pk)


# Money that came too late -----------------------------------------------------------------------


@transaction.atomic
def send_late_money(
    *, late_id: int, holder: str, iban: str, staff_user_id: int, now: datetime
) -> Payout:
    """Send late money to an account that its owner named to a person.

    Raises NotAmongYours, MoveNotAllowed, IbanWrong.
    """
    late = lock_late_money(late_id, "send")
    actor = f"staff:{staff_user_id}"
    paid_by = late.returned.customer_id if late.returned else late.payment.customer_id
    owner_id = late.owed_to_id or paid_by
    account = keep_account(customer_id=owner_id, holder=holder, iban=iban, given_by=actor, now=now)
    forget_accounts([late.account_id, *tried(late)], now)  # What was named before has had its use.
    if late.sending_id is not None:  # An earlier transfer failed or came back.
        payout = send_again(payout_id=late.sending_id, account_id=account.pk, now=now)
    else:
        payout = plan_payout(
            payment_id=late.payment_id,
            amount_minor=late.amount_minor,
            cause=f"{LATE}{late.pk}",
            hold=False,
            account_id=account.pk,
            owed_to=owner_id,
            now=now,
        )
    late.stage = stages.next_stage(stages.LATE_MONEY, late.stage, "send")
    late.sending = payout
    late.save(update_fields=["stage", "sending"])
    return payout


@transaction.atomic
def keep_late_money(
    *, late_id: int, until: date, words: str, staff_user_id: int, now: datetime
) -> None:
    """Nobody can be reached: keep it until a day, with the reason. Raises as `send_late_money`."""
    late = lock_late_money(late_id, "keep")
    late.stage = stages.next_stage(stages.LATE_MONEY, late.stage, "keep")
    late.keep_until, late.words = until, words
    late.save(update_fields=["stage", "keep_until", "words"])
    forget_accounts(tried(late), now)
    journal.tell(
        "late_money.kept",
        actor=f"staff:{staff_user_id}",
        now=now,
        customer_id=late.payment.customer_id,
        late_money_id=late.pk,
        until=until.isoformat(),
    )


def tried(late: LateMoney) -> list[int | None]:
    """The accounts that late money has failed to reach, or came back from."""
    return [one.account_id for one in (late.returned, late.sending) if one is not None]


def lock_late_money(late_id: int, move: str) -> LateMoney:
    """Lock its payment and read it for a move. Raises NotAmongYours, MoveNotAllowed."""
    found = LateMoney.objects.filter(pk=late_id).values_list("payment_id", flat=True).first()
    if found is None:
        raise NotAmongYours(late_money_id=late_id)
    Payment.objects.select_for_update(no_key=True).get(pk=found)
    late = LateMoney.objects.select_related("payment", "returned", "sending").get(pk=late_id)
    if (late.stage, move) not in stages.LATE_MONEY:
        raise MoveNotAllowed(late_money_id=late_id, stage=late.stage)
    return late
