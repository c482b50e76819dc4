"""Orders name nobody but by the customer's number; tax law wants them kept."""

from __future__ import annotations

from fairroam.apps.journal.personal import BOOKS, GUARD, KEY, PROOF, RULE, SHOP, STAFF, Table

TABLES = (
    Table(
        name="orders_promocode",
        ours={
            KEY: "id",
            SHOP: "code percent amount_minor currency uses_max customer_uses_max plans"
            " counts_from counts_until made_at ended_at",
            STAFF: "made_by_id",
        },
    ),
    Table(
        name="orders_order",
        about="orders",
        whose="customer_id",
        why=BOOKS,
        kept="id number stage currency total_minor residence zone language payment_id invoice_id"
        " placed_at concluded_at paid_at notice_received_at",
        ours={KEY: "customer_id is_live promo_code_id promo_use"},
    ),
    Table(
        name="orders_orderline",
        about="orders",
        whose="order__customer_id",
        why=BOOKS,
        kept="id order_id position plan_copy price_minor list_price_minor discount_minor tax_rate"
        " tax_minor tops_up_id delivered_at refunded_minor pending_minor",
        ours={KEY: "plan_id", RULE: "packs"},
    ),
    Table(
        name="orders_trial",
        about="orders",
        whose="line__order__customer_id",
        why=PROOF,
        kept="line_id mailbox_sha256 eid_sha256 begun_at reminded_at declined_at",
        withheld={GUARD: "mailbox_sha256 eid_sha256"},
        ours={KEY: "id"},
    ),
    Table(
        name="orders_tender",
        about="orders",
        whose="line__order__customer_id",
        why=BOOKS,
        kept="id line_id position kind method payment_id captured_minor refunded_minor"
        " pending_minor",
    ),
    Table(
        name="orders_consent",
        about="orders",
        whose="order__customer_id",
        why=BOOKS,
        kept="order_id kind words given_at",
        ours={KEY: "id"},
    ),
)
