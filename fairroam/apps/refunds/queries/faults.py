"""What contradicts itself among requests, decisions and the money that left."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from fairroam import rules
from fairroam.apps.refunds.models import Decision
from fairroam.apps.refunds.queries import bargains, everyone

FAULTS = {
    # I5: what the parts say came back, or is on its way, is what the tender's counters say.
    # Orders that were given up are paid back whole without a request: they have no parts.
    "tender {} has counters that its refunded parts do not add up to": """
        WITH outside AS (
          SELECT split_part(cause, '/tender:', 2)::bigint AS tender_id, sum(amount_minor) AS minor
          FROM payments_payout WHERE cause LIKE 'outside:%/tender:%' GROUP BY 1)
        SELECT t.id FROM orders_tender t JOIN refunds_refundpart p ON p.tender_id = t.id
        LEFT JOIN outside o ON o.tender_id = t.id
        GROUP BY t.id, o.minor
        HAVING t.refunded_minor <> coalesce(
                 sum(p.amount_minor) FILTER (WHERE p.arrived_at IS NOT NULL), 0)
                 + coalesce(o.minor, 0)
            OR t.pending_minor <> coalesce(
                 sum(p.amount_minor) FILTER (WHERE p.arrived_at IS NULL), 0)""",
    # I8: decisions form one chain per request.
    "request {} has more or less than one current decision": """
        SELECT r.id FROM refunds_refundrequest r JOIN refunds_decision d ON d.request_id = r.id
        LEFT JOIN refunds_decision n ON n.supersedes_id = d.id
        GROUP BY r.id HAVING count(*) FILTER (WHERE n.id IS NULL) <> 1""",
    "request {} is settled without a decision": """
        SELECT r.id FROM refunds_refundrequest r
        WHERE r.stage IN ('approved', 'handed_over', 'paid', 'payout_failed', 'declined',
                          'under_review')
          AND NOT EXISTS (SELECT 1 FROM refunds_decision d WHERE d.request_id = r.id)""",
    "decision {} supersedes one of another request": """
        SELECT d.id FROM refunds_decision d JOIN refunds_decision b ON b.id = d.supersedes_id
        WHERE d.request_id <> b.request_id""",
    "request {} is approved and its parts do not add up to its decision": """
        SELECT r.id FROM refunds_refundrequest r
        JOIN refunds_decision d ON d.request_id = r.id
             AND NOT EXISTS (SELECT 1 FROM refunds_decision n WHERE n.supersedes_id = d.id)
        LEFT JOIN refunds_refundpart p ON p.decision_id = d.id
        WHERE r.stage IN ('approved', 'handed_over', 'paid', 'payout_failed')
        GROUP BY r.id, d.id
        HAVING coalesce(sum(p.amount_minor), 0) <> d.due_minor + d.goodwill_minor""",
    "request {} is paid and a part of it has not arrived": """
        SELECT DISTINCT r.id FROM refunds_refundrequest r
        JOIN refunds_refundpart p ON p.request_id = r.id
        JOIN customers_customer c ON c.id = r.customer_id
        WHERE r.stage = 'paid' AND p.arrived_at IS NULL AND c.is_open""",
    "request {} asks for something else than the quote that it confirmed": """
        SELECT r.id FROM refunds_refundrequest r JOIN refunds_quote q ON q.id = r.quote_id
        WHERE r.order_line_id <> q.order_line_id OR r.customer_id <> q.customer_id
           OR r.declared_at <> q.made_at OR r.destination <> q.destination""",
    "part {} says something else than its payout": """
        SELECT p.id FROM refunds_refundpart p JOIN payments_payout o ON o.id = p.payout_id
        JOIN orders_tender t ON t.id = p.tender_id
        WHERE t.payment_id <> o.payment_id
           OR p.amount_minor <> (  -- A provider may have paid it in two goes.
                SELECT sum(x.amount_minor) FROM payments_payout x
                WHERE x.payment_id = o.payment_id AND x.stage <> 'rerouted'
                  AND split_part(x.cause, '/', 1) = split_part(o.cause, '/', 1))
           OR (p.arrived_at IS NOT NULL AND o.stage NOT IN
                ('succeeded', 'returned', 'settled_by_chargeback'))""",
    # The books owe exactly what was decided; goodwill and tax are parts of it.
    "request {} was approved for another amount than the books moved": """
        SELECT r.id FROM refunds_refundrequest r JOIN refunds_refundpart p ON p.request_id = r.id
        GROUP BY r.id
        HAVING sum(p.amount_minor) <> (
            SELECT coalesce(sum(t.minor), 0) FROM ledger_transfer t
            WHERE t.key IN ('refund:' || r.id || '/net', 'refund:' || r.id || '/earned',
                            'refund:' || r.id || '/tax', 'refund:' || r.id || '/goodwill',
                            'refund:' || r.id || '/goodwill-tax'))""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books or the rules; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
    for decision in Decision.objects.order_by("pk").iterator(chunk_size=500):
        if not is_reproduced(decision):
            yield f"decision {decision.number} comes out otherwise when it is computed again"
    yield from bargains.find_faults()
    yield from everyone.find_faults()


def is_reproduced(decision: Decision) -> bool:
    """Whether the rules still say what was stored (I9).

    Versions of time-zone and holiday calendars may be newer by now; the figures may not differ.
    """
    again = rules.decide(decision.facts, rules.compile_packs(decision.packs)).as_json()
    stored = dict(decision.result)
    for version in (again, stored):
        version.pop("versions", None)
    return again == stored and decision.due_minor == stored["due"]
