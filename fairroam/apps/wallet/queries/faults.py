"""What contradicts itself in the wallet."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from fairroam.apps.wallet.queries import vouchers

FAULTS = {
    "lot {} does not hold what its moves add up to": """
        SELECT l.id FROM wallet_lot l LEFT JOIN wallet_move m ON m.lot_id = l.id
        GROUP BY l.id HAVING l.left_minor <> coalesce(sum(m.minor), 0)""",
    "lot {} reserves something else than its spendings": """
        SELECT l.id FROM wallet_lot l LEFT JOIN wallet_spending s
            ON s.lot_id = l.id AND s.stage = 'reserved'
        GROUP BY l.id HAVING l.reserved_minor <> coalesce(sum(s.amount_minor), 0)""",
    # I3, I6: a book of credit is the sum of its lots.
    "customer {} has other lots than their books of credit say": """
        SELECT DISTINCT coalesce(b.customer_id, l.customer_id) FROM (
            SELECT customer_id, currency, kind, balance_minor AS minor FROM ledger_book
            WHERE kind IN ('paid_credit', 'promo_credit')) b
        FULL JOIN (SELECT customer_id, currency, kind || '_credit' AS kind, sum(left_minor) AS minor
            FROM wallet_lot GROUP BY 1, 2, 3) l
        ON (b.customer_id, b.currency, b.kind) = (l.customer_id, l.currency, l.kind)
        WHERE coalesce(b.minor, 0) <> coalesce(l.minor, 0)""",
    # I7: what leaves as money was paid in, by the very payment that it leaves by.
    "payout {} pays out something else than paid credit of its own payment": """
        SELECT o.id FROM payments_payout o LEFT JOIN wallet_lot l
            ON l.payment_id = o.payment_id AND l.kind = 'paid' AND l.customer_id = o.customer_id
        LEFT JOIN wallet_move m ON m.lot_id = l.id AND m.cause = split_part(o.cause, '/', 1)
        WHERE o.cause LIKE 'balance-refund:%' GROUP BY o.id
        HAVING -coalesce(sum(m.minor), 0) <> (  -- A provider may have paid it in two goes.
          SELECT sum(x.amount_minor) FROM payments_payout x WHERE x.payment_id = o.payment_id
          AND split_part(x.cause, '/', 1) = split_part(o.cause, '/', 1) AND stage <> 'rerouted')""",
    "promotional lot {} left as money or to somebody else": """
        SELECT l.id FROM wallet_lot l JOIN wallet_move m ON m.lot_id = l.id
        WHERE l.kind = 'promo' AND m.cause LIKE ANY (ARRAY['balance-refund:%', 'transfer:%'])""",
    "top-up {} is paid without its lot, or has one unpaid": """
        SELECT t.id FROM wallet_topup t WHERE (t.paid_at IS NOT NULL) <> EXISTS (
            SELECT 1 FROM wallet_lot l WHERE l.top_up_id = t.id AND l.kind = 'paid'
              AND l.amount_minor = t.paid_minor AND l.payment_id = t.payment_id)""",
    "voucher {} is redeemed without its lot, or has one unredeemed": """
        SELECT v.id FROM wallet_voucher v LEFT JOIN wallet_lot l ON l.voucher_id = v.id
        WHERE (v.stage = 'redeemed') <> (l.id IS NOT NULL) OR (l.customer_id, l.amount_minor,
            l.currency) <> (v.redeemed_by_id, v.amount_minor, v.currency)""",
    "credit transfer {} is not what its parts add up to": """
        SELECT t.id FROM wallet_credittransfer t
        LEFT JOIN wallet_transferpart p ON p.transfer_id = t.id
        GROUP BY t.id HAVING t.amount_minor <> coalesce(sum(p.minor), 0)""",
}
IN_TRANSFER = """
    SELECT coalesce(held.currency, open.currency), coalesce(held.minor, 0), coalesce(open.minor, 0)
    FROM (SELECT b.currency, sum(CASE WHEN t.target_id = b.id THEN t.minor ELSE -t.minor END)
              AS minor
          FROM ledger_book b JOIN ledger_transfer t ON b.id IN (t.source_id, t.target_id)
          WHERE b.kind = 'in_transfer' GROUP BY 1) held
    FULL JOIN (SELECT currency, sum(amount_minor) AS minor FROM wallet_credittransfer
               WHERE is_live GROUP BY 1) open ON open.currency = held.currency
    WHERE coalesce(held.minor, 0) <> coalesce(open.minor, 0)
"""


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
        cursor.execute(IN_TRANSFER)
        for currency, held, meant in cursor.fetchall():
            yield f"{held} {currency} are held for transfers, and {meant} are on their way"
    yield from vouchers.find_faults()
