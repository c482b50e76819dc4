"""Everything that happened to one customer, newest first, a page at a time: one statement."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

PAGE = 30

# Kind -> flow -> its rows: when, id, stage, reference, minor units, currency, what else is said.
PARTS = {
    "orders": {
        "order": """
            SELECT placed_at, id, stage, number, total_minor, currency, (
                SELECT jsonb_agg(l.plan_copy->'names' ORDER BY l.position)
                FROM orders_orderline l WHERE l.order_id = o.id)
            FROM orders_order o WHERE customer_id = %(customer)s""",
    },
    "payments": {
        "payment": """
            SELECT prepared_at, p.id, p.stage, coalesce(o.number, ''), amount_minor, p.currency,
                to_jsonb(method)
            FROM payments_payment p LEFT JOIN orders_order o ON o.payment_id = p.id
            WHERE p.customer_id = %(customer)s""",
        "payout": """
            SELECT planned_at, u.id, u.stage, '', u.amount_minor, u.currency, to_jsonb(method)
            FROM payments_payout u JOIN payments_payment p ON p.id = u.payment_id
            WHERE u.customer_id = %(customer)s""",
        "credit_transfer": """
            SELECT asked_at, id, stage, '', amount_minor, currency,
                to_jsonb(sender_id = %(customer)s)
            FROM wallet_credittransfer WHERE sender_id = %(customer)s
                OR recipient_id = %(customer)s AND stage NOT IN ('review', 'undone', 'refused')""",
    },
    "usage": {
        # A day in the customer's zone on one line is one row, dated by its last use.
        "usage": """
            SELECT max(started_at), order_line_id, '', '', NULL::bigint, '', jsonb_build_object(
                'data', sum(quantity) FILTER (WHERE u.kind = 'data'),
                'voice', sum(quantity) FILTER (WHERE u.kind = 'voice'),
                'sms', sum(quantity) FILTER (WHERE u.kind = 'sms'),
                'countries', jsonb_agg(DISTINCT country), 'names', (
                    SELECT plan_copy->'names' FROM orders_orderline WHERE id = order_line_id))
            FROM metering_usagerecord u WHERE outcome = 'counted' AND u.kind <> 'attach'
                AND order_line_id IN (
                    SELECT order_line_id FROM esims_line WHERE customer_id = %(customer)s)
            GROUP BY order_line_id, date_trunc('day', started_at AT TIME ZONE %(zone)s)""",
    },
    "requests": {
        # What is offered while an offer stands, else what was decided; no amount where it is none:
        # the stage says why.
        "refund": """
            SELECT received_at, r.id, r.stage, '', nullif(CASE r.stage WHEN 'offer_made' THEN (
                SELECT due_minor + CASE kind WHEN 'money' THEN quantity ELSE 0 END
                FROM refunds_offer f WHERE f.request_id = r.id AND f.stage = 'open')
                ELSE (SELECT due_minor + goodwill_minor FROM refunds_decision d
                WHERE d.request_id = r.id ORDER BY d.id DESC LIMIT 1) END, 0), o.currency,
                l.plan_copy->'names'
            FROM refunds_refundrequest r JOIN orders_orderline l ON l.id = r.order_line_id
            JOIN orders_order o ON o.id = l.order_id WHERE r.customer_id = %(customer)s""",
        "line_act": """
            SELECT asked_at, line_id, a.stage, a.kind, NULL::bigint, '', l.plan_copy->'names'
            FROM esims_lineact a JOIN orders_orderline l ON l.id = a.line_id
            WHERE line_id IN (
                SELECT order_line_id FROM esims_line WHERE customer_id = %(customer)s)""",
    },
    "papers": {
        "paper": """
            SELECT issued_at, id, kind, number, (statement->'total'->>'minor')::bigint,
                coalesce(statement->'total'->>'currency', ''), NULL::jsonb
            FROM papers_paper WHERE customer_id = %(customer)s""",
    },
    "notices": {
        "notice": """
            SELECT queued_at, id, language, subject, NULL::bigint, '', NULL::jsonb
            FROM notices_notice WHERE customer_id = %(customer)s AND stage <> 'dropped'""",
    },
}
COLUMNS = "at, id, stage, reference, minor, currency, said"
PART = "SELECT '{flow}' AS flow, {columns} FROM ({rows}) AS part ({columns})"
WHOLE = """SELECT * FROM ({parts}) AS everything WHERE {wanted}
    ORDER BY at DESC, flow DESC, id DESC LIMIT {most}"""


class Place(NamedTuple):
    """Where a page ends: strictly before this row the next one goes on."""

    at: datetime
    flow: str
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One thing that happened; minor units. stage: of `flow`, or a paper's kind.

    reference: a number, a subject, or the kind of an act. said: what else there is: names of
    plans, a method, the uses of a day.
    """

    at: datetime
    flow: str
    id: int
    stage: str
    reference: str
    minor: int | None
    currency: str
    said: Any

    @property
    def place(self) -> Place:
        return Place(self.at, self.flow, self.id)


def history(
    customer_id: int,
    *,
    zone: str,
    kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    before: Place | None = None,
) -> list[HistoryRow]:
    """A page of what happened, newest first, and one row more where there is a next page.

    kind: one of PARTS, or all. since, until: half-open. zone: in which days of use are counted.
    """
    chosen = {kind: PARTS[kind]} if kind else PARTS
    bounds = {
        "at >= %(since)s": since,
        "at < %(until)s": until,
        "(at, flow, id) < (%(at)s, %(flow)s, %(id)s)": before,
    }
    wanted = " AND ".join(words for words, bound in bounds.items() if bound is not None)
    parts = [
        PART.format(flow=flow, rows=rows, columns=COLUMNS)
        for flows in chosen.values()
        for flow, rows in flows.items()
    ]
    statement = WHOLE.format(
        parts=" UNION ALL ".join(parts), wanted=wanted or "TRUE", most=PAGE + 1
    )
    values: dict[str, Any] = {"customer": customer_id, "zone": zone, "since": since, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(statement, values | (before._asdict() if before else {}))
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [HistoryRow(**row | {"said": json.loads(row["said"] or "null")}) for row in found]
