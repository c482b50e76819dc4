"""Our orders at suppliers: they know card numbers and nobody's name."""

from __future__ import annotations

from fairroam.apps.journal.personal import KEY, PROGRAM, STEP, USAGE, Table

TABLES = (
    Table(
        name="suppliers_supplierorder",
        about="lines",
        whose="order_line__order__customer_id",
        why=USAGE,
        kept="order_line_id supplier iccid delivered_at used_bytes used_as_of",
        ours={
            KEY: "profile_id key order_ref esim_ref",
            STEP: "stage reason usage_lag_seconds planned_at next_call_at stuck_at polled_at",
            PROGRAM: "package cost_minor currency",
        },
    ),
    Table(
        name="suppliers_suppliertopup",
        ours={
            KEY: "order_line_id esim_id key top_up_ref",
            STEP: "stage reason planned_at next_call_at stuck_at delivered_at",
            PROGRAM: "package cost_minor lost_minor currency",
        },
    ),
    Table(
        name="suppliers_supplierclaim",
        ours={
            KEY: "supplier_order_id key claim_ref",
            STEP: "stage next_call_at opened_at requested_at settled_at",
            PROGRAM: "credited_minor lost_minor",
        },
    ),
    Table(
        name="suppliers_supplierbalance",
        ours={PROGRAM: "id supplier currency minor booked_minor is_low asked_at"},
    ),
    Table(
        name="suppliers_supplierhint",
        ours={
            KEY: "supplier_order_id",
            STEP: "heard_at told_at asked_at",
            PROGRAM: "id supplier event_id kind",
        },
    ),
)
