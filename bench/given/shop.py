"""A shop with thousands of sold lines, two packs on each, on a database of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).parent.parent.parent
os.environ.update(
    DJANGO_SETTINGS_MODULE="fairroam.project.settings",
    FAIRROAM_ENVIRONMENT="test",
    FAIRROAM_FOLDER=tempfile.mkdtemp(prefix="fairroam-bench-"),
    FAIRROAM_SECRET_KEY="of a benchmark only: long enough to be taken, and known to everybody",  # noqa: S106
)

import django  # noqa: E402 - the settings come first

django.setup()

import psycopg  # noqa: E402
from django.db import connections  # noqa: E402

from fairroam.apps.esims import operations as esims  # noqa: E402
from fairroam.apps.orders import operations as orders  # noqa: E402
from fairroam.apps.payments import operations as payments  # noqa: E402
from fairroam.project.database import OWNER_ROLE, Cluster  # noqa: E402
from fairroam.project.settings import database  # noqa: E402
from fairroam.rules.money import Money  # noqa: E402
from fairroam.web.demo import shop  # noqa: E402

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
Owner = psycopg.Connection[Any]
# (kind, granted, weight) of the line's own pack and of the one on top.
OWN = (("data", 15 * 10**9, "0.7"), ("voice", 6_000, "0.2"), ("sms", 40, "0.1"))
TOP = (("data", 12 * 10**9, "1"),)
NET_OWN, NET_TOP = 2_500, 900

LINES = (
    """CREATE TEMP TABLE sold AS SELECT 2 * n + offs AS id, n, offs FROM
       generate_series(%(first)s::int, %(last)s::int) AS n, (VALUES (0), (1)) AS pack (offs)""",
    """INSERT INTO orders_orderline SELECT (json_populate_record(template, json_build_object(
           'id', sold.id, 'position', sold.id,
           'tops_up_id', CASE offs WHEN 1 THEN 2 * n END))).*
       FROM sold, orders_orderline AS template
       WHERE template.id = (SELECT min(id) FROM orders_orderline)""",
    """INSERT INTO esims_line SELECT (json_populate_record(template, json_build_object(
           'order_line_id', sold.id))).*
       FROM sold, esims_line AS template
       WHERE offs = 0 AND template.order_line_id = (SELECT min(order_line_id) FROM esims_line)""",
    """INSERT INTO esims_profile SELECT (json_populate_record(template, json_build_object(
           'id', sold.id, 'line_id', sold.id, 'stage', 'released',
           'iccid', '8999900' || lpad(n::text, 12, '0')))).*
       FROM sold, esims_profile AS template
       WHERE offs = 0 AND template.id = (SELECT min(id) FROM esims_profile)""",
    """INSERT INTO metering_planrun (order_line_id, line_id, customer_id, currency, net_minor,
           earned_minor, earnings, validity_days, measure_by, measure_unit, bought_at, opened_at)
       SELECT sold.id, 2 * n, o.customer_id, 'EUR', (%(nets)s::int[])[offs + 1], 0, 0, 30,
           'weights', 'second', %(at)s, %(at)s FROM sold, orders_order o""",
    """INSERT INTO metering_meter (order_line_id, kind, granted, used, weight, marks_told)
       SELECT sold.id, kind, granted, 0, weight, 0 FROM sold
       JOIN unnest(%(packs)s::int[], %(kinds)s::text[], %(granted)s::bigint[], %(weights)s::text[])
           AS allowance (pack, kind, granted, weight) ON pack = offs""",
    """INSERT INTO ledger_book (kind, currency, label, customer_id, order_line_id, balance_minor,
           version) SELECT 'unearned', 'EUR', '', o.customer_id, sold.id,
           (%(nets)s::int[])[offs + 1], 1 FROM sold, orders_order o""",
    """INSERT INTO ledger_transfer (source_id, target_id, currency, minor, key, booked_at,
           target_balance_minor, target_version)
       SELECT house.id, book.id, 'EUR', book.balance_minor, 'paid:' || book.id, %(at)s,
           book.balance_minor, 1
       FROM ledger_book book JOIN sold ON sold.id = book.order_line_id,
           (SELECT id FROM ledger_book WHERE kind = 'clearing' LIMIT 1) AS house""",
    "DROP TABLE sold",
)


def open_shop() -> None:
    """One line that was really bought, which all others are copies of."""
    shop.furnish(now=NOON - timedelta(days=365))
    order = orders.place_order(
        plan_code="usa-talk-30d",
        quantity=1,
        email="ada@example.com",
        residence="DE",
        language="en",
        consents=dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "as shown"),
        key=uuid4(),
        now=NOON,
    )
    payments.record_started(
        payment_id=order.payment_id, provider_ref="p", pay_url="http://127.0.0.1/", now=NOON
    )
    orders.confirm_payment(
        payment_id=order.payment_id,
        amount=Money(order.total_minor, order.currency),
        provider_ref="p",
        now=NOON,
    )
    line = order.lines.get()
    esims.plan_line(
        order_line_id=line.pk, customer_id=order.customer_id, profile_type="any", now=NOON
    )


def open_lines(owner: Owner, first: int, last: int) -> None:
    """Lines `first` to `last`, two packs each: order line 2n is the own one, 2n + 1 tops it up."""
    allowances = [(pack, *one) for pack, all_of in enumerate((OWN, TOP)) for one in all_of]
    packs, kinds, granted, weights = map(list, zip(*allowances, strict=True))
    values = {
        "first": first,
        "last": last,
        "at": NOON - timedelta(days=1),
        "nets": [NET_OWN, NET_TOP],
        "packs": packs,
        "kinds": kinds,
        "granted": granted,
        "weights": weights,
    }
    with owner.transaction():
        for statement in LINES:
            owner.execute(statement, values)
    owner.execute("ANALYZE")


@contextmanager
def database_of_its_own() -> Iterator[Owner]:
    """A cluster with all tables, which this process uses; the connection is the owner's."""
    folder = Path(os.environ["FAIRROAM_FOLDER"])
    cluster = Cluster(folder / "cluster")
    try:
        with cluster:
            urls = {
                "DATABASE_URL": cluster.url(),
                "DATABASE_OWNER_URL": cluster.url(role=OWNER_ROLE),
            }
            command = [ROOT / ".venv/bin/fairroam", "migrate"]
            subprocess.run(command, env=os.environ | urls, check=True, capture_output=True)  # noqa: S603
            connections["default"].settings_dict.update(database(cluster.url()))
            with psycopg.connect(cluster.url(role=OWNER_ROLE), autocommit=True) as owner:
                owner.execute("SET statement_timeout = 0")
                yield owner
            connections.close_all()
    finally:
        cluster.remove()
        shutil.rmtree(folder, ignore_errors=True)
