"""What contradicts itself among closings."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from fairroam.apps.closures.models import Closure
from fairroam.apps.closures.queries import waivers
from fairroam.apps.closures.queries.figures import figures_of

FAULTS = {
    # I25: closed means that nothing is left and nothing lives.
    "closed customer {} has money left in a book": """
        SELECT DISTINCT c.id FROM customers_customer c JOIN ledger_book b ON b.customer_id = c.id
        WHERE NOT c.is_open AND b.balance_minor <> 0""",
    "closed customer {} still has something that lives": """
        SELECT c.id FROM customers_customer c WHERE NOT c.is_open AND (
            EXISTS (SELECT 1 FROM orders_order x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM esims_line x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM esims_profile x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM refunds_refundrequest x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM payments_payout x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM conversations_thread x WHERE x.customer_id = c.id AND x.is_live)
         OR EXISTS (SELECT 1 FROM notices_notice x WHERE x.customer_id = c.id AND x.is_live))""",
    "customer {} is closed without a closing": """
        SELECT c.id FROM customers_customer c WHERE NOT c.is_open AND NOT EXISTS (
            SELECT 1 FROM closures_closure x WHERE x.customer_id = c.id
              AND x.stage IN ('closed', 'certified') AND x.closed_at = c.closed_at)""",
    # I27: one certificate per closing, and none without.
    "customer {} has more or less certificates than certified closings": """
        SELECT c.id FROM customers_customer c WHERE
            (SELECT count(*) FROM papers_paper p
             WHERE p.customer_id = c.id AND p.kind = 'certificate')
         <> (SELECT count(*) FROM closures_closure x
             WHERE x.customer_id = c.id AND x.stage = 'certified')""",
    "closing {} is certified without its certificate": """
        SELECT id FROM closures_closure
        WHERE (stage = 'certified') <> (certificate_id IS NOT NULL)""",
    # I28: the address goes with the last mail.
    "closing {} kept the address after the last mail": """
        SELECT x.id FROM closures_closure x JOIN closures_closurestep s ON s.closure_id = x.id
        WHERE s.name = 'last_mail' AND s.done_at IS NOT NULL
          AND (x.sealed_address IS NOT NULL OR x.salts IS NOT NULL OR x.sealed_phone <> '')""",
    "closing {} has an open settlement and no address to ask at": """
        SELECT DISTINCT x.id FROM closures_closure x JOIN closures_settlement s
            ON s.closure_id = x.id AND s.ended_at IS NULL
        WHERE x.closed_at IS NOT NULL AND x.payout_contact IS NULL""",
    # I25: what closings handed over is what the house's book owes to people who left.
    "the settlement book in {} does not hold what closings handed over": """
        SELECT coalesce(owed.currency, held.currency) FROM (
            SELECT currency, sum(amount_minor - covered_minor) AS minor FROM payments_payout
            WHERE handed_over_at IS NOT NULL AND stage NOT IN
                ('succeeded', 'settled_by_chargeback', 'failed', 'returned', 'rerouted')
            GROUP BY 1) owed
        FULL JOIN (
            SELECT b.currency, sum(CASE WHEN t.target_id = b.id THEN t.minor ELSE -t.minor END)
                AS minor
            FROM ledger_book b JOIN ledger_transfer t ON b.id IN (t.source_id, t.target_id)
            WHERE b.kind = 'settlement' GROUP BY 1) held USING (currency)
        WHERE coalesce(owed.minor, 0) <> coalesce(held.minor, 0)""",
    "closing {} keeps an address for a settlement that is over": """
        SELECT id FROM closures_closure x WHERE x.payout_contact IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM closures_settlement s WHERE s.closure_id = x.id
              AND s.ended_at IS NULL)""",
}


def find_faults() -> Iterator[str]:
    """What contradicts itself; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
    yield from waivers.find_faults()
    for closure in Closure.objects.filter(stage="certified").select_related("certificate"):
        assert closure.closed_at is not None
        assert closure.certificate is not None
        said = [
            (figure["code"], figure["amount"]["currency"], figure["amount"]["minor"])
            for figure in closure.certificate.statement.get("figures", [])
        ]
        if said != figures_of(closure.customer_id, until=closure.closed_at):
            yield f"the certificate of closing {closure.pk} says other figures than the books"
