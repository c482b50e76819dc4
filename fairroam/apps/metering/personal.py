"""What was used, when and in which country: kept while a bill can be argued about."""

from __future__ import annotations

from fairroam.apps.journal.personal import BOOKS, KEY, PROGRAM, STEP, USAGE, Table

TABLES = (
    Table(
        name="metering_planrun",
        about="usage",
        whose="customer_id",
        why=BOOKS,
        kept="order_line_id line_id currency net_minor earned_minor validity_days bought_at"
        " opened_at stopped_at ended_at",
        ours={KEY: "customer_id", PROGRAM: "earnings measure_by measure_unit"},
    ),
    Table(
        name="metering_planperiod",
        about="usage",
        whose="order_line__order__customer_id",
        why=USAGE,
        kept="order_line_id during",
        ours={KEY: "id"},
    ),
    Table(
        name="metering_meter",
        about="usage",
        whose="order_line__order__customer_id",
        why=USAGE,
        kept="order_line_id kind granted used weight",
        ours={KEY: "id", STEP: "marks_told"},
    ),
    Table(
        name="metering_usagerecord",
        about="usage",
        whose="order_line__order__customer_id",
        why=USAGE,
        kept="id order_line_id pack_id iccid kind quantity country operator started_at ended_at"
        " received_at outcome",
        ours={KEY: "source record_id content_sha256 corrects_source corrects_record_id"},
    ),
    Table(
        name="metering_usageshare",
        about="usage",
        whose="order_line__order__customer_id",  # by the pack: a line has a million records
        why=USAGE,
        kept="record_id order_line_id quantity",
        ours={KEY: "id"},
    ),
    # Records that fit no line of ours: by card number at most, looked at by a person.
    Table(
        name="metering_quarantinedrecord",
        ours={
            PROGRAM: "id source record_id reason content content_sha256 received_at settled_at"
            " settled_as settled_by words"
        },
    ),
    Table(name="metering_usagecursor", ours={PROGRAM: "id source cursor read_at lag_seconds"}),
    Table(
        name="metering_usageimport",
        ours={
            PROGRAM: "id source name content_sha256 size_bytes done_bytes done_lines counted"
            " repeated quarantined unknown beside waiting bad begun_at finished_at"
        },
    ),
    Table(
        name="metering_usagefilepart",
        ours={PROGRAM: "id usage_import_id begins_at_byte content"},
    ),
    Table(
        name="metering_badrow",
        ours={PROGRAM: "id usage_import_id line_number reason content"},
    ),
)
