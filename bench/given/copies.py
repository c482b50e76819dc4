"""A crowd: copies of every row of the cast of `crowd`, written by the database's owner."""

from __future__ import annotations

from typing import Any

import psycopg

STRIDE = 100_000  # what separates the ids of two copies of the cast: 20,000 copies fit int4

# table -> (columns that shift by the stride with their rows, columns that need another text)
COPIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "customers_user": (("id",), ("email",)),
    "customers_customer": (("id", "user_id"), ("number",)),
    "papers_paper": (("id", "customer_id", "refers_to_id"), ("number",)),
    "payments_payment": (("id", "customer_id"), ("key", "provider_ref")),
    "wallet_topup": (("id", "customer_id", "payment_id"), ()),
    "wallet_lot": (("id", "customer_id", "payment_id", "top_up_id"), ()),
    "wallet_move": (("id", "lot_id"), ("cause",)),
    "wallet_spending": (("id", "lot_id"), ("cause",)),
    "orders_order": (("id", "customer_id", "payment_id", "invoice_id"), ("number",)),
    "orders_orderline": (("id", "order_id"), ()),
    "orders_tender": (("id", "line_id", "payment_id"), ()),
    "orders_consent": (("id", "order_id"), ()),
    "esims_line": (("order_line_id", "customer_id"), ("end_key",)),
    "esims_profile": (("id", "line_id", "customer_id"), ("iccid",)),
    "esims_activationfact": (("id", "profile_id"), ()),
    "metering_planrun": (("order_line_id", "line_id", "customer_id"), ()),
    "metering_planperiod": (("id", "order_line_id"), ()),
    "metering_meter": (("id", "order_line_id"), ()),
    "metering_usagerecord": (("id", "order_line_id", "pack_id"), ("record_id",)),
    "refunds_refundrequest": (
        ("id", "order_line_id", "customer_id", "decision_paper_id", "credit_note_id"),
        ("key",),
    ),
    "refunds_decision": (("id", "request_id"), ("number",)),
    "payments_payout": (("id", "payment_id", "customer_id"), ("key", "cause")),
    "payments_dispute": (("id", "payment_id"), ("provider_ref",)),
    "refunds_refundpart": (("id", "request_id", "decision_id", "tender_id", "payout_id"), ()),
    "ledger_book": (("id", "customer_id", "order_line_id"), ()),
    "ledger_transfer": (("id", "source_id", "target_id"), ("key",)),
}
TEXTS = {
    "email": "copy.n || '.' || t.email",
    "provider_ref": "t.provider_ref || '.' || copy.n",
    "number": "'C' || (t.id + copy.n * %(stride)s)",
    "record_id": "copy.n || '.' || t.record_id",
    "iccid": "'8' || lpad((substr(t.iccid, 8)::bigint + copy.n * 100)::text, 18, '0')",
    "cause": "regexp_replace(t.cause, '[0-9]+', (substring(t.cause from '[0-9]+')::bigint"
    " + copy.n * %(stride)s)::text)",
}
KEYS = {
    "ledger_transfer": """CASE WHEN t.key LIKE 'payout:%%' OR t.key !~ '^[a-z-]+:[0-9]+(/|$)'
        THEN CASE WHEN t.key ~ '^payout:' THEN 'payout:' || md5(substr(t.key, 8) || copy.n)::uuid
             ELSE t.key || '.' || copy.n END
        ELSE regexp_replace(t.key, '[0-9]+', (substring(t.key from '[0-9]+')::bigint
             + copy.n * %(stride)s)::text) END""",
    "esims_line": "md5(t.end_key::text || copy.n)::uuid",
    "payments_payout": "md5(t.key::text || copy.n)::uuid",
    "payments_payment": "md5(t.key::text || copy.n)::uuid",
    "refunds_refundrequest": "md5(t.key::text || copy.n)::uuid",
}
# Which rows are of the cast, where not all of a table are.
OF_CAST = {
    "ledger_book": "t.customer_id IS NOT NULL",
    "customers_user": "t.email LIKE 'cast%%'",
    "customers_customer": "t.user_id IN (SELECT id FROM customers_user WHERE email LIKE 'cast%%')",
}
SHIFTED = "t.{column} + copy.n * %(stride)s"
OWN_BOOK = """CASE WHEN (SELECT customer_id FROM ledger_book b WHERE b.id = t.{column}) IS NULL
    THEN t.{column} ELSE t.{column} + copy.n * %(stride)s END"""


def copy_cast(owner: psycopg.Connection[Any], copies: int) -> None:
    """Write `copies` more of every row of the cast; what belongs to the house stays shared."""
    for table, (shifted, texts) in COPIES.items():
        values = {column: SHIFTED for column in shifted}
        if table == "ledger_transfer":
            values |= {"source_id": OWN_BOOK, "target_id": OWN_BOOK}
        values |= {column: TEXTS.get(column, KEYS.get(table, "")) for column in texts}
        pairs = [f"'{name}', {value.format(column=name)}" for name, value in values.items()]
        statement = f"""
            INSERT INTO {table} SELECT
                (json_populate_record(t, json_build_object({", ".join(pairs)}))).*
            FROM {table} t, generate_series(1, %(copies)s) AS copy (n)
            WHERE t.{shifted[0]} < %(stride)s AND {OF_CAST.get(table, "true")}
        """  # noqa: S608 - all of it is written above
        owner.execute(statement, {"stride": STRIDE, "copies": copies})
    for table, (shifted, _texts) in COPIES.items():
        if shifted[0] == "id":
            owner.execute(
                f"""SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id) + {STRIDE})
                    FROM {table}""",  # noqa: S608
                [table],
            )
    owner.execute("ANALYZE")
