"""Where the wallet writes to its customer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.notices import operations as notices
from fairroam.apps.notices.tasks.confidential import Confidential, queue
from fairroam.apps.wallet.models import BalanceRefund, CreditTransfer, TopUp, Voucher
from fairroam.apps.wallet.operations import handing
from fairroam.apps.wallet.queries.vouchers import lost_of


def tell_topped_up(*, top_up_id: int, now: datetime) -> None:
    """Say what was paid in, what came on top, and which of the two is spent first."""
    top_up = TopUp.objects.get(pk=top_up_id)
    notices.send(
        kind="wallet.topped_up",
        act=f"wallet.topped_up:{top_up_id}",
        customer_id=top_up.customer_id,
        context={"top_up": top_up},
        now=now,
    )


def tell_balance_refunded(*, balance_refund_id: int, now: datetime) -> None:
    """Say what of the balance is on its way back, and what ended with it."""
    refund = BalanceRefund.objects.get(pk=balance_refund_id)
    notices.send(
        kind="wallet.balance_refunded",
        act=f"wallet.balance_refunded:{balance_refund_id}",
        customer_id=refund.customer_id,
        context={"refund": refund},
        now=now,
    )


# What happened to a transfer -> who hears of it.
HEARERS = {
    "credit.offered": ("sender", "recipient"),
    "credit.accepted": ("sender", "recipient"),
    "credit.declined": ("sender",),
    "credit.expired": ("sender",),
    "credit.refused": ("sender",),
    "credit.arrived": ("recipient",),
}


def tell_transfer(*, transfer_id: int, kind: str, now: datetime) -> None:
    """Say to both sides how far a transfer of credit is; neither learns the other's address."""
    sent = CreditTransfer.objects.select_related("sender", "recipient").get(pk=transfer_id)
    for side in HEARERS[kind]:
        notices.send(
            kind="wallet." + kind.replace(".", "_"),
            act=f"{kind}:{transfer_id}/{side}",
            customer_id=getattr(sent, f"{side}_id"),
            context={
                "sent": sent,
                "is_sender": side == "sender",
                "other": (sent.recipient if side == "sender" else sent.sender).number,
                "zone": getattr(sent, side).zone,
            },
            now=now,
        )


def tell_voucher(*, voucher_id: int, kind: str, now: datetime) -> None:
    """Say to the buyer that a voucher is paid, taken back, lost, ended, or near its end.

    The code is in no mail: it would lie in two mailboxes and in our own records.
    """
    voucher = Voucher.objects.select_related("buyer", "payment").get(pk=voucher_id)
    assert voucher.buyer is not None
    assert voucher.payment_id is not None
    notices.send(
        kind="wallet." + kind.replace(".", "_"),
        act=f"{kind}:{voucher_id}",
        customer_id=voucher.buyer.pk,
        context={
            "voucher": voucher,
            "lost": lost_of(voucher.payment_id),
            "zone": voucher.buyer.zone,
        },
        now=now,
    )


@transaction.atomic
def mail_code(*, voucher_id: int, now: datetime) -> None:
    """Mail the code to whom the buyer named, when that is due. Safe to repeat.

    It stands sealed in the queue until a mail server took it, and nowhere else of ours.
    """
    handed = handing.hand_over(voucher_id=voucher_id, now=now)
    if handed is None:
        return
    to, code = handed
    voucher = to.voucher
    assert voucher.buyer is not None
    context = {"voucher": voucher, "code": code, "words": to.words, "zone": voucher.buyer.zone}
    subject, text = notices.write("wallet.voucher_given", context, to.language)
    queue(
        Confidential(
            kind="notices.as_written",
            address=to.address,
            language=to.language,
            context={"subject": subject, "text": text},
            worth_until=voucher.counts_until.isoformat(),
        )
    )
