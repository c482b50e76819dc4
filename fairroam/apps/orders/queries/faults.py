"""What contradicts itself among orders, their lines, tenders and promo codes."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

FAULTS = {
    "order {} costs something else than its lines": """
        SELECT o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        GROUP BY o.id HAVING o.total_minor <> sum(l.price_minor)""",
    "order {} is cheaper without a promo code, or not cheaper with one": """
        SELECT o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        GROUP BY o.id HAVING (o.promo_code_id IS NOT NULL) <> (sum(l.discount_minor) > 0)""",
    "promo code {} is used more often than it may be": """
        SELECT p.id FROM orders_promocode p JOIN orders_order o ON o.promo_code_id = p.id
        GROUP BY p.id HAVING max(o.promo_use) > p.uses_max""",
    "order line {} is not what its tenders add up to": """
        SELECT l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        JOIN orders_tender t ON t.line_id = l.id
        WHERE o.paid_at IS NOT NULL GROUP BY l.id
        HAVING l.price_minor <> sum(t.captured_minor)
            OR l.refunded_minor <> sum(t.refunded_minor)
            OR l.pending_minor <> sum(t.pending_minor)""",
    "order {} is paid without an invoice or its transfers": """
        SELECT o.id FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
        WHERE o.paid_at IS NOT NULL AND (o.invoice_id IS NULL OR l.price_minor > 0 AND NOT EXISTS (
            SELECT 1 FROM ledger_transfer t WHERE t.key IN ('capture:' || l.id || '/net',
                'capture:' || l.id || '/net:2', 'capture:' || l.id || '/net:3')))""",
    "order line {} is free and no trial, or a trial and not free": """
        SELECT l.id FROM orders_orderline l LEFT JOIN orders_trial t ON t.line_id = l.id
        WHERE (l.price_minor = 0) <> (t.id IS NOT NULL)""",
    # I11: the wallet gave for a line what its tenders say, and has back what they say.
    "order line {} has other credit in its tenders than the wallet spent on it": """
        SELECT l.id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
        WHERE o.paid_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM (VALUES ('credit', 'paid'), ('promo', 'promo')) kinds (tender, lot)
            WHERE coalesce((SELECT sum(t.captured_minor) FROM orders_tender t
                            WHERE t.line_id = l.id AND t.kind = kinds.tender), 0)
               <> coalesce((SELECT sum(s.amount_minor) FROM wallet_spending s
                            JOIN wallet_lot w ON w.id = s.lot_id
                            WHERE s.cause = 'order-line:' || l.id AND s.stage = 'captured'
                              AND w.kind = kinds.lot), 0))""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
