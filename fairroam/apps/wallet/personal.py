"""Credit names customers by number alone; tax law wants what was paid kept.

Whom the code of a bought voucher was mailed to, and with which words, goes.
"""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import (
    BOOKS,
    GUARD,
    KEY,
    PROGRAM,
    SECRET,
    SHOP,
    STAFF,
    STEP,
    Table,
)


def _transfers_of(customer_id: int) -> Q:
    return Q(sender_id=customer_id) | Q(recipient_id=customer_id)


def _vouchers_of(customer_id: int) -> Q:
    return Q(buyer_id=customer_id) | Q(redeemed_by_id=customer_id)


TABLES = (
    Table(
        name="wallet_topup",
        about="money",
        whose="customer_id",
        why=BOOKS,
        kept="id payment_id currency paid_minor bonus_minor burn promo_days asked_at paid_at",
        ours={KEY: "customer_id"},
    ),
    Table(
        name="wallet_lot",
        about="money",
        whose="customer_id",
        why=BOOKS,
        kept="id kind currency amount_minor left_minor reserved_minor origin payment_id top_up_id"
        " expires_at made_at",
        ours={KEY: "customer_id is_live voucher_id"},
    ),
    Table(
        name="wallet_voucher",
        about="money",
        whose=_vouchers_of,
        why=BOOKS,
        kept="id kind code_hash code_end currency amount_minor credit_days stage paid_at"
        " counts_until ended_at words",
        withheld={SECRET: "code_hash code_end", GUARD: "words"},
        ours={
            KEY: "redeemed_by_id buyer_id payment_id",
            STEP: "warned_at upheld_at",
            STAFF: "made_by_id made_at",
        },
    ),
    Table(
        name="wallet_vouchermail",
        about="money",
        whose="voucher__buyer_id",
        why=BOOKS,
        kept="voucher_id language due_at mailed_at",
        erased="address words",
    ),
    Table(
        name="wallet_move",
        about="money",
        whose="lot__customer_id",
        why=BOOKS,
        kept="lot_id minor cause moved_at",
        ours={KEY: "id", PROGRAM: "recorded_at"},
    ),
    Table(
        name="wallet_spending",
        about="money",
        whose="lot__customer_id",
        why=BOOKS,
        kept="lot_id cause amount_minor returned_minor stage",
        ours={KEY: "id"},
    ),
    Table(
        name="wallet_balancerefund",
        about="money",
        whose="customer_id",
        why=BOOKS,
        kept="id currency cash_minor promo_lost_minor asked_at",
        ours={KEY: "customer_id"},
    ),
    # Both sides see the amount and the days; who the other one is, neither export says.
    Table(
        name="wallet_credittransfer",
        about="money",
        whose=_transfers_of,
        why=BOOKS,
        kept="id sender_id recipient_id currency amount_minor stage doubt asked_at expires_at"
        " accepted_at rests_until ended_at",
        withheld={GUARD: "sender_id recipient_id doubt"},
        ours={KEY: "key is_live"},
    ),
    Table(
        name="wallet_transferpart",
        about="money",
        whose="transfer__sender_id",
        why=BOOKS,
        kept="transfer_id lot_id minor",
        ours={KEY: "id"},
    ),
    Table(
        name="wallet_terms",
        ours={
            SHOP: "id currency burn least_minor most_minor bonus_steps promo_days"
            " transfer_day_minor counts_from"
        },
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty whom vouchers were given to; how many values were erased, per column."""
    return personal.erase(TABLES, customer_id)


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)
