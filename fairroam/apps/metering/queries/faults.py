"""What contradicts the books of usage."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

# What burned in which pack, of which record.
BURNED = """
    WITH burned AS (
    SELECT id AS record_id, pack_id, kind, quantity, started_at
    FROM metering_usagerecord WHERE pack_id IS NOT NULL
    UNION ALL
    SELECT record.id, share.order_line_id, record.kind, share.quantity, record.started_at
    FROM metering_usageshare share JOIN metering_usagerecord record ON record.id = share.record_id)
"""

FAULTS = {
    # I18: what a meter shows is what was counted, each record once.
    "meter {} does not show what its records add up to": """
        SELECT m.id FROM metering_meter m LEFT JOIN burned b
            ON b.pack_id = m.order_line_id AND b.kind = m.kind
        GROUP BY m.id HAVING m.used <> coalesce(sum(b.quantity), 0)""",
    "usage record {} is not what its shares add up to": """
        SELECT r.id FROM metering_usagerecord r LEFT JOIN burned b ON b.record_id = r.id
        WHERE r.outcome = 'counted' GROUP BY r.id HAVING r.quantity <> coalesce(sum(b.quantity), 0)
    """,
    # I19
    "usage record {} was counted, but its plan was over": """
        SELECT DISTINCT b.record_id FROM burned b
        JOIN metering_planperiod p ON p.order_line_id = b.pack_id
        WHERE b.quantity > 0 AND b.started_at >= upper(p.during)""",
    "the plan of order line {} was used and never begun": """
        SELECT DISTINCT b.pack_id FROM burned b WHERE NOT EXISTS (
            SELECT 1 FROM metering_planperiod p WHERE p.order_line_id = b.pack_id)""",
    # I20
    "correction {} does not fit a record that was counted": """
        SELECT c.id FROM metering_usagerecord c LEFT JOIN metering_usagerecord r
            ON r.source = c.corrects_source AND r.record_id = c.corrects_record_id
        WHERE c.corrects_record_id IS NOT NULL AND c.outcome NOT IN ('waiting', 'refused')
          AND (r.id IS NULL OR r.outcome <> c.outcome OR r.quantity + c.quantity < 0
               OR r.order_line_id IS DISTINCT FROM c.order_line_id)""",
    "the period of order line {} is not as long as its plan": """
        SELECT p.order_line_id FROM metering_planperiod p
        JOIN metering_planrun u ON u.order_line_id = p.order_line_id
        WHERE upper(p.during) - lower(p.during)
              IS DISTINCT FROM u.validity_days * interval '24 hours'""",
    "the plan of order line {} has earned something else than its transfers": """
        SELECT u.order_line_id FROM metering_planrun u LEFT JOIN (
            SELECT split_part(t.key, '/', 1) AS act,
                   sum(CASE s.kind WHEN 'unearned' THEN t.minor ELSE -t.minor END) AS minor
            FROM ledger_transfer t JOIN ledger_book s ON s.id = t.source_id
            WHERE t.key LIKE 'usage:%' GROUP BY 1
        ) moved ON moved.act = 'usage:' || u.order_line_id
        WHERE u.earned_minor <> coalesce(moved.minor, 0)""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(BURNED + query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
