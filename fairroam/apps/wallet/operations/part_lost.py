"""A voucher of which a bank took only a part back: a person lets it count, or ends it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Dispute
from fairroam.apps.wallet.models import Voucher
from fairroam.apps.wallet.operations.selling import give_back
from fairroam.apps.wallet.operations.vouchers import is_doubted, tell
from fairroam.apps.wallet.queries.vouchers import part_lost
from fairroam.apps.wallet.refusals import BuyerLeft


@transaction.atomic
def uphold_voucher(*, voucher_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """Let it count in full: what the bank took stays our loss. Safe to repeat.

    words: why. Raises NotAmongYours, MoveNotAllowed.
    """
    voucher = lock(voucher_id)
    if voucher.upheld_at is not None and not is_doubted(voucher):
        return
    refuse_unless_part_lost(voucher)
    voucher.upheld_at, voucher.words = now, words
    voucher.save(update_fields=["upheld_at", "words"])
    take_notice(voucher, words, staff_user_id, now)
    tell(voucher, "voucher.upheld", actor=f"staff:{staff_user_id}", now=now)


@transaction.atomic
def give_back_rest(*, voucher_id: int, words: str, staff_user_id: int, now: datetime) -> None:
    """End it: its code is dead at once, and what the bank left goes back the way it came.

    words: why. Safe to repeat. Raises NotAmongYours, MoveNotAllowed, BuyerLeft.
    """
    voucher = lock(voucher_id)
    if voucher.stage == "withdrawn" and voucher.words:
        return
    refuse_unless_part_lost(voucher)
    assert voucher.buyer is not None
    if not voucher.buyer.is_open:
        raise BuyerLeft(voucher_id=voucher_id)
    give_back(voucher, now, words=words)
    take_notice(voucher, words, staff_user_id, now)
    tell(voucher, "voucher.given_back", actor=f"staff:{staff_user_id}", now=now)


def lock(voucher_id: int) -> Voucher:
    """Lock who bought it, then the voucher. Raises NotAmongYours, for a gift too."""
    sold = Voucher.objects.filter(pk=voucher_id, kind="paid")
    buyer_id = sold.values_list("buyer_id", flat=True).first()
    if buyer_id is None:
        raise NotAmongYours(voucher_id=voucher_id)
    buyer = customers.lock(buyer_id)
    voucher = sold.select_for_update(no_key=True).get()
    voucher.buyer = buyer
    return voucher


def refuse_unless_part_lost(voucher: Voucher) -> None:
    """Raise MoveNotAllowed where no bank has taken a part alone, or one still looks at it."""
    if not part_lost([voucher]):
        raise MoveNotAllowed(voucher_id=voucher.pk, stage=voucher.stage)


def take_notice(voucher: Voucher, words: str, staff_user_id: int, now: datetime) -> None:
    """Whoever decides has seen the losses."""
    assert voucher.payment_id is not None
    unseen = Dispute.objects.filter(
        payment_id=voucher.payment_id, stage="lost", seen_at__isnull=True
    )
    for dispute_id in unseen.order_by("pk").values_list("pk", flat=True):
        payments.take_notice(
            dispute_id=dispute_id, words=words, staff_user_id=staff_user_id, now=now
        )
