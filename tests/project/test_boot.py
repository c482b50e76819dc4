"""A process refuses to start when what guards the money is not there."""

import json
import sys

import psycopg
import pytest

from fairroam.project.database import ADMIN_ROLE, OWNER_ROLE
from tests.project.conftest import fairroam

FIND = """
import json, django
django.setup()
from fairroam.project.boot import find_boot_faults
print(json.dumps([(fault.code, fault.sentence) for fault in find_boot_faults()]))
"""
FIND_AFTER_DEMO = FIND.replace(
    "from fairroam",
    "import fairroam.project.urls; from django.conf import settings\n"
    "settings.FAIRROAM_ENVIRONMENT = 'production'\n"
    "from fairroam",
)
REFUSE = "import django; django.setup(); from fairroam.project import boot; boot.{}()"
SECRET = "r4nd0m-" * 7
SOUND_PRODUCTION = {"FAIRROAM_ENVIRONMENT": "production", "FAIRROAM_SECRET_KEY": SECRET}


def find_faults(cluster, script=FIND, **variables):
    said = fairroam(cluster, sys.executable, "-c", script, **variables)
    assert said.returncode == 0, said.stderr
    return [tuple(fault) for fault in json.loads(said.stdout)]


def codes(faults):
    return [code for code, _sentence in faults]


@pytest.fixture
def alter(cluster):
    """Change the database as its owner; the given statements put it right again."""
    with psycopg.connect(cluster.url(role=OWNER_ROLE), autocommit=True) as owner:
        repairs = []

        def change(statement, *repair):
            owner.execute(statement)
            repairs.extend(repair)

        yield change
        for repair in repairs:
            owner.execute(repair)


def test_a_sound_production_starts(cluster):
    assert find_faults(cluster, **SOUND_PRODUCTION) == []


def test_a_guard_that_is_missing_or_not_valid_is_named(cluster, alter):
    source = "transfer_and_its_source_share_a_currency"
    with psycopg.connect(cluster.url()) as connection:
        [open_refund] = connection.execute(
            "SELECT pg_get_indexdef('one_open_refund_per_order_line'::regclass)"
        ).fetchone()
    used = "CHECK (used >= 0)"
    foreign_key = "FOREIGN KEY (source_id, currency) REFERENCES ledger_book (id, currency)"
    alter("ALTER TABLE metering_meter DROP CONSTRAINT a_meter_never_runs_below_zero")
    alter(
        f"ALTER TABLE metering_meter ADD CONSTRAINT a_meter_never_runs_below_zero {used} NOT VALID",
        "ALTER TABLE metering_meter VALIDATE CONSTRAINT a_meter_never_runs_below_zero",
    )
    alter(
        f"ALTER TABLE ledger_transfer DROP CONSTRAINT {source}",
        f"ALTER TABLE ledger_transfer ADD CONSTRAINT {source} {foreign_key}",
    )
    alter("DROP INDEX one_open_refund_per_order_line", open_refund)

    assert sorted(find_faults(cluster)) == [
        (
            "guard-invalid",
            "The constraint a_meter_never_runs_below_zero of metering_meter is not valid.",
        ),
        ("guard-missing", f"ledger_transfer lacks the constraint {source}."),
        (
            "guard-missing",
            "refunds_refundrequest lacks the constraint one_open_refund_per_order_line.",
        ),
    ]


def test_a_program_with_the_rights_of_the_owner_does_not_start(cluster):
    for role in (OWNER_ROLE, ADMIN_ROLE):
        assert codes(find_faults(cluster, DATABASE_URL=cluster.url(role=role))) == [
            "role-owns-tables"
        ]


def test_a_program_that_may_edit_history_does_not_start(cluster, alter):
    alter(
        "GRANT UPDATE (id) ON ledger_transfer TO fairroam_app",
        "REVOKE UPDATE (id) ON ledger_transfer FROM fairroam_app",
    )
    alter(
        "GRANT DELETE, TRUNCATE ON refunds_decision TO fairroam_app",
        "REVOKE DELETE, TRUNCATE ON refunds_decision FROM fairroam_app",
    )

    assert find_faults(cluster) == [
        (
            "role-may-edit-history",
            f"The program's database role may {rights} {table}: run fairroam migrate.",
        )
        for table, rights in (
            ("ledger_transfer", "update"),
            ("refunds_decision", "delete, truncate"),
        )
    ]


def test_a_database_that_is_older_or_newer_than_the_program_does_not_start(cluster, alter):
    forget = "DELETE FROM django_migrations WHERE app = 'metering' AND name LIKE '0002%%'"
    alter("CREATE TABLE kept AS SELECT * FROM django_migrations")
    alter(
        forget,
        "DELETE FROM django_migrations",
        "INSERT INTO django_migrations SELECT * FROM kept",
        "DROP TABLE kept",
    )
    alter(
        "INSERT INTO django_migrations (app, name, applied)"
        " VALUES ('orders', '9999_of_next_year', now()), ('a_library', '0009_gone', now())"
    )
    faults = find_faults(cluster)
    assert codes(faults) == ["migration-missing", "database-newer"]
    assert "metering.0002" in faults[0][1]
    assert "orders.9999_of_next_year" in faults[1][1]


def test_production_refuses_the_doors_of_the_demo(cluster):
    demo = SOUND_PRODUCTION | {"FAIRROAM_ENVIRONMENT": "demo"}
    assert codes(find_faults(cluster, FIND_AFTER_DEMO, **demo)) == ["demo-doors"]


def test_production_refuses_weak_secrets_and_fault_points(cluster):
    weak = {"FAIRROAM_SECRET_KEY": "short", "FAIRROAM_FAULT_POINTS": "refund.after_call=kill"}
    assert codes(find_faults(cluster, **SOUND_PRODUCTION | weak)) == [
        "weak-secret",
        "fault-points",
    ]


def test_an_unsound_start_ends_with_all_its_reasons(cluster):
    owner_url = cluster.url(role=OWNER_ROLE)
    weak = {"FAIRROAM_SECRET_KEY": "short", "DATABASE_URL": owner_url}
    program = [sys.executable, "-c", REFUSE.format("refuse_unsound_start")]

    refused = fairroam(cluster, *program, **SOUND_PRODUCTION | weak)

    assert refused.returncode == 1
    assert "fairroam does not start:" in refused.stderr
    assert "[role-owns-tables]" in refused.stderr
    assert "[weak-secret]" in refused.stderr
    assert fairroam(cluster, *program, **SOUND_PRODUCTION).returncode == 0
