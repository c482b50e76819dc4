"""What contradicts the books of lines, profiles and acts."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

FAULTS = {
    "line {} is terminated and its profile lives": """
        SELECT l.order_line_id FROM esims_line l JOIN esims_profile p ON p.line_id = l.order_line_id
        WHERE l.stage = 'terminated' AND p.is_live""",
    # I24: who may use the network has paid, and the profile is the customer's who paid.
    "line {} lives without a paid order of its customer": """
        SELECT l.order_line_id FROM esims_line l
        JOIN orders_orderline s ON s.id = l.order_line_id JOIN orders_order o ON o.id = s.order_id
        WHERE l.is_live AND (o.paid_at IS NULL OR o.customer_id <> l.customer_id)""",
    "profile {} belongs to another customer than its line": """
        SELECT p.id FROM esims_profile p JOIN esims_line l ON l.order_line_id = p.line_id
        WHERE p.customer_id <> l.customer_id""",
    "line {} serves without ever having been ready": """
        SELECT l.order_line_id FROM esims_line l WHERE l.stage IN ('active', 'suspended')
        AND NOT EXISTS (SELECT 1 FROM esims_profile p JOIN esims_activationfact f
            ON f.profile_id = p.id WHERE p.line_id = l.order_line_id AND f.kind = 'ready')""",
    # I25, I28: who left has no phone here any more.
    "erased customer {} is bound to a phone": """
        SELECT c.id FROM customers_customer c WHERE NOT c.is_open AND c.user_id IS NULL AND EXISTS (
            SELECT 1 FROM esims_profile p WHERE p.customer_id = c.id AND (p.eid <> '' OR EXISTS (
                SELECT 1 FROM esims_carriernotice n WHERE n.iccid = p.iccid AND n.eid <> ''
                AND NOT EXISTS (SELECT 1 FROM esims_profile other
                    WHERE other.iccid = p.iccid AND other.customer_id <> p.customer_id))))""",
    # I23: what the carrier took back was in no phone.
    "profile {} was cancelled and yet a phone had it": """
        SELECT p.id FROM esims_profile p WHERE p.stage = 'cancelled' AND EXISTS (
            SELECT 1 FROM esims_activationfact f
            WHERE f.profile_id = p.id AND f.kind <> 'ready')""",
    "profile {} went to the carrier without an ICCID of our choice": """
        SELECT p.id FROM esims_profile p
        WHERE p.stage NOT IN ('planned', 'cancelled', 'failed') AND p.iccid IS NULL""",
    "line {} waits for an act, and none is under way": """
        SELECT l.order_line_id FROM esims_line l
        WHERE l.stage IN ('suspending', 'resuming', 'deactivating', 'reissuing') AND NOT EXISTS (
            SELECT 1 FROM esims_lineact a WHERE a.line_id = l.order_line_id AND a.is_live)""",
    "line {} has an act under way and does not wait for it": """
        SELECT l.order_line_id FROM esims_line l JOIN esims_lineact a ON a.line_id = l.order_line_id
        WHERE a.is_live AND l.stage <> CASE a.kind
            WHEN 'suspend' THEN 'suspending' WHEN 'resume' THEN 'resuming'
            WHEN 'deactivate' THEN 'deactivating' WHEN 'choose_network' THEN l.stage
            ELSE 'reissuing' END""",
    "line {} keeps a number that is lost, gone or free": """
        SELECT k.line_id FROM esims_keeping k JOIN esims_number n ON n.id = k.number_id
        WHERE k.stage = 'kept'
          AND n.stage NOT IN ('active', 'inactive_warned', 'grace', 'port_out_pending')""",
    "number {} serves and is on no line": """
        SELECT n.id FROM esims_number n
        WHERE n.stage IN ('reserved', 'active', 'inactive_warned', 'grace', 'port_out_pending')
          AND NOT EXISTS (SELECT 1 FROM esims_keeping k
                          WHERE k.number_id = n.id AND k.stage = 'kept')""",
    "line {} has ended and keeps its number": """
        SELECT l.order_line_id FROM esims_line l JOIN esims_keeping k ON k.line_id = l.order_line_id
        WHERE l.stage = 'terminated' AND k.is_live""",
    "number {} may leave without a code that was asked for": """
        SELECT n.id FROM esims_number n JOIN esims_keeping k ON k.number_id = n.id
        WHERE k.stage = 'kept' AND (n.stage = 'port_out_pending') <> EXISTS (
            SELECT 1 FROM esims_portout p WHERE p.keeping_id = k.line_id AND p.is_live)""",
    "customer {} has a number and is not known to us": """
        SELECT k.customer_id FROM esims_keeping k WHERE k.stage = 'kept' AND NOT EXISTS (
            SELECT 1 FROM esims_identitycheck c
            WHERE c.customer_id = k.customer_id AND c.stage = 'verified')""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the books; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(row[0]) for row in cursor.fetchall())
