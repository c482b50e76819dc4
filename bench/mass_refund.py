"""What giving everybody back costs, beside the bare database.

One outage hits mixed orders: plans of four currencies, part used, part refunded, disputed, paid by
several tenders, and a fifth that is owed nothing. The run gives the lost time back by two
processes. The floor copies out the same facts and copies in exactly the rows that the run left in
every table, also those it changed, into twins with the same keys, checks, foreign keys and
durability, by one connection and one COPY per table.

Amounts are compared with a slow recount. A copy of a small crowd is killed in the middle, begun
again, and must end in the same books. Others are paid back meanwhile. The last line is the
figure; the exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any
from uuid import uuid4

FOLDER = os.environ.get("FAIRROAM_FOLDER") or tempfile.mkdtemp(prefix="fairroam-bench-")
os.environ.update(
    DJANGO_SETTINGS_MODULE="fairroam.project.settings",
    FAIRROAM_ENVIRONMENT="test",
    FAIRROAM_FOLDER=FOLDER,
    FAIRROAM_SECRET_KEY="of a benchmark only: long enough to be taken, known to all",  # noqa: S106
)

import django  # noqa: E402 - the settings come first

django.setup()

import psycopg  # noqa: E402
from django.db import connection, connections, transaction  # noqa: E402

from fairroam.apps.customers import operations as customers  # noqa: E402
from fairroam.apps.esims import operations as esims  # noqa: E402
from fairroam.apps.incidents import operations as incidents  # noqa: E402
from fairroam.apps.incidents.operations import Report  # noqa: E402
from fairroam.apps.ledger import queries as ledger  # noqa: E402
from fairroam.apps.metering import operations as metering  # noqa: E402
from fairroam.apps.orders import operations as orders  # noqa: E402
from fairroam.apps.orders import queries as order_queries  # noqa: E402
from fairroam.apps.payments import operations as payments  # noqa: E402
from fairroam.apps.payments import queries as payment_queries  # noqa: E402
from fairroam.apps.payments.models import Payout  # noqa: E402
from fairroam.apps.refunds import operations as refunds  # noqa: E402
from fairroam.apps.refunds.models import RefundRun  # noqa: E402
from fairroam.apps.refunds.operations import everyone  # noqa: E402
from fairroam.apps.refunds.queries import faults as refund_faults  # noqa: E402
from fairroam.apps.refunds.queries.everyone import lines_to_do, run_row  # noqa: E402
from fairroam.apps.wallet import operations as wallet  # noqa: E402
from fairroam.apps.wallet import queries as wallet_queries  # noqa: E402
from fairroam.gateways.lines import NetworkRecord, RecordKind  # noqa: E402
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus  # noqa: E402
from fairroam.project.database import ADMIN_ROLE, OWNER_ROLE, Cluster  # noqa: E402
from fairroam.project.settings import database  # noqa: E402
from fairroam.rules.money import Money  # noqa: E402
from fairroam.web.demo import shop  # noqa: E402
from fairroam.worker.giving import give_to_everyone  # noqa: E402

ROOT = Path(__file__).parent.parent
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
FAILS, ENDS = NOON + timedelta(days=5), NOON + timedelta(days=9)
EARLIER = NOON + timedelta(days=2)  # a first failure, of a day: already paid back to some
LATER = NOON + timedelta(days=20)
STRIDE = 1_000_000  # what separates the ids of two copies of the cast
BAR_FLOOR, AIM_FLOOR, BAR_GROWTH = 3.5, 2.0, 1.3
CREDIT = 1000  # minor units
CONSENTS = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "as shown")
Owner = psycopg.Connection[Any]

# The cast: (plan, residence, language, quirk); twenty lines, each copied as often as needed.
CAST = [
    *[("japan-10gb-30d", "DE", "en", "")] * 4,
    *[("japan-10gb-30d", "JP", "zh-Hans", "")] * 2,
    *[("asia-day-pass-5d", "FR", "en", "")] * 1,
    *[("bench-yen", "JP", "en", "")] * 2,
    *[("bench-dinar", "KW", "en", "")] * 1,
    *[("bench-dollar", "US-NY", "zh-Hans", "")] * 2,
    ("japan-10gb-30d", "DE", "en", "disputed"),
    *[("japan-10gb-30d", "DE", "zh-Hans", "refunded")] * 2,
    ("japan-10gb-30d", "AT", "en", "several_tenders"),
    *[("japan-10gb-30d", "DE", "en", "no_promise")] * 4,
]
PLANS = [("bench-yen", "JPY", 2900), ("bench-dinar", "KWD", 5750), ("bench-dollar", "USD", 2499)]


# The cast ----------------------------------------------------------------------------------------


def open_shop() -> None:
    """The demo's shop, and plans in more currencies."""
    shop.furnish(now=NOON - timedelta(days=365))
    with connection.cursor() as cursor:
        for code, currency, price in PLANS:
            cursor.execute(
                """INSERT INTO catalogue_plan SELECT (json_populate_record(plan, json_build_object(
                       'id', nextval(pg_get_serial_sequence('catalogue_plan', 'id')), 'code', %s,
                       'currency', %s, 'price_minor', %s, 'list_price_minor', %s))).*
                   FROM catalogue_plan plan WHERE code = 'japan-10gb-30d'""",
                [code, currency, price, price],
            )


def buy(
    number: int,
    plan: str,
    residence: str,
    language: str,
    *,
    is_used: bool = True,
    credit: int = 0,
) -> int:
    """A line that was really bought, and used in Japan until an hour before the failure.

    credit: what the buyer paid into a wallet before, which pays first.
    """
    wallet_of = top_up(number, residence, language, credit) if credit else None
    order = orders.place_order(
        plan_code=plan,
        quantity=1,
        email=f"cast{number}@example.com",
        residence=residence,
        language=language,
        consents=CONSENTS,
        key=uuid4(),
        now=NOON,
        wallet_of=wallet_of,
    )
    assert order.payment is not None
    payments.record_started(
        payment_id=order.payment.pk,
        provider_ref=f"p{number}",
        pay_url="http://127.0.0.1/",
        now=NOON,
    )
    orders.confirm_payment(
        payment_id=order.payment.pk,
        amount=Money(order.payment.amount_minor, order.currency),
        provider_ref=f"p{number}",
        now=NOON,
    )
    orders.record_notice(order_id=order.pk, now=NOON)
    line = order.lines.get()
    metering.open_meters(order_line_id=line.pk, now=NOON)
    esims.plan_line(
        order_line_id=line.pk, customer_id=order.customer_id, profile_type="any", now=NOON
    )
    reserve(line.pk, number)
    for hours, quantity in ((1, 2_000_000_000), (119, 3_000_000_000)) if is_used else ():
        use(number, quantity, NOON + timedelta(hours=hours))
    return int(line.pk)


def top_up(number: int, residence: str, language: str, minor: int) -> int:
    """Somebody with credit in their wallet, as a paid top-up leaves it, bonus included."""
    customer = customers.find_or_open(
        email=f"cast{number}@example.com",
        residence=residence,
        zone="Europe/Berlin",
        language=language,
        now=NOON,
    )
    asked = wallet.top_up(
        customer_id=customer.pk, amount=Money(minor, "EUR"), key=uuid4(), now=NOON
    )
    payments.record_started(
        payment_id=asked.payment_id,
        provider_ref=f"t{number}",
        pay_url="http://127.0.0.1/",
        now=NOON,
    )
    wallet.confirm_top_up(
        payment_id=asked.payment_id,
        amount=Money(minor, "EUR"),
        provider_ref=f"t{number}",
        now=NOON,
    )
    return int(customer.pk)


def reserve(line_id: int, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM esims_profile WHERE line_id = %s", [line_id])
        (profile_id,) = cursor.fetchone()
    esims.reserve(profile_id=profile_id, iccid=iccid_of(number))
    esims.record_order(profile_id=profile_id)
    esims.record_release(
        profile_id=profile_id, matching_id=f"CODE{number}", smdp_address="rsp.example", now=NOON
    )


def iccid_of(number: int) -> str:
    return f"8999900{number:012}"


def use(number: int, quantity: int, at: datetime) -> None:
    record = NetworkRecord(
        source="network",
        record_id=str(uuid4()),
        iccid=iccid_of(number),
        kind=RecordKind.DATA,
        quantity=quantity,
        started_at=at,
        ended_at=at + timedelta(minutes=5),
        country="JP",
        operator="Example Mobile",
    )
    metering.record_usage(source="network", records=[record], now=at + timedelta(minutes=5))


def make_cast() -> None:
    """Twenty lines as real acts leave them, and the quirks that acts of others would bring."""
    lines = [
        buy(number, plan, residence, language, credit=CREDIT if quirk == "several_tenders" else 0)
        for number, (plan, residence, language, quirk) in enumerate(CAST)
    ]
    quirks = {line: who[3] for line, who in zip(lines, CAST, strict=True)}
    some = [line for line, quirk in quirks.items() if quirk == "refunded"]
    pay_back_earlier(some)
    with connection.cursor() as cursor:
        for line, quirk in quirks.items():
            if quirk == "no_promise":
                cursor.execute(
                    """UPDATE orders_orderline SET packs = '["eu-crd@1"]' WHERE id = %s""", [line]
                )
            if quirk == "disputed":
                payment_id = order_queries.terms_of(line).tenders[0].payment_id
                assert payment_id is not None
                cursor.execute(
                    "SELECT amount_minor, currency FROM payments_payment WHERE id = %s",
                    [payment_id],
                )
                payments.hear_dispute(
                    payment_id=payment_id,
                    dispute_ref="d1",
                    amount=Money(*cursor.fetchone()),
                    outcome="",
                    now=LATER,
                )


def pay_back_earlier(some: list[int]) -> None:
    """A failure of a day, in the country where only these were, was paid back and has arrived."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE metering_usagerecord SET country = 'KR'
               WHERE order_line_id = ANY (%s) AND started_at < %s""",
            [some, EARLIER],
        )
    run = preview(declare(["KR"], EARLIER, EARLIER + timedelta(days=1)))
    confirm(run)
    while everyone.give_batch(run_id=run.pk, most=100, now=LATER):
        pass
    everyone.finish(run_id=run.pk, now=LATER)
    for payout in Payout.objects.filter(stage="planned"):
        payments.claim_payout(payout_id=payout.pk, now=LATER)
        receipt = PayoutReceipt(
            provider_ref=f"po{payout.pk}",
            status=PayoutStatus.SUCCEEDED,
            amount=Money(payout.amount_minor, payout.currency),
            reason="",
        )
        payments.record_payout(payout_id=payout.pk, receipt=receipt, now=LATER)
        refunds.payout_succeeded(payout_id=payout.pk, now=LATER)


# The crowd: copies of the cast -------------------------------------------------------------------

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
    "esims_line": (("order_line_id", "customer_id"), ()),
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


def copy_cast(owner: Owner, copies: int) -> None:
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


# The run -----------------------------------------------------------------------------------------


def declare(countries: list[str], began_at: datetime, ended_at: datetime) -> int:
    report = Report(
        countries=countries,
        operators=[],
        began_at=began_at,
        ended_at=ended_at,
        source="https://status.example/1",
        words={"en": "No data.", "zh-Hans": "没有数据网络。"},
    )
    incident = incidents.declare(report, actor="staff:1", now=LATER)
    incidents.move(incident.pk, "confirm", actor="staff:1", now=LATER)
    return int(incident.pk)


def operators() -> tuple[int, int]:
    """Two people of the desk."""
    found = []
    for email in ("max@fairroam.example", "mia@fairroam.example"):
        member = customers.hire(email=email, role="operator", now=NOON)
        assert member.user_id is not None
        found.append(member.user_id)
    return found[0], found[1]


STAFF: list[int] = []


def preview(incident_id: int) -> RefundRun:
    if not STAFF:
        STAFF.extend(operators())
    run = everyone.ask_for_run(incident_id=incident_id, user_id=STAFF[0], now=LATER)
    everyone.preview(run_id=run.pk, now=LATER)
    run.refresh_from_db()
    return run


def confirm(run: RefundRun) -> None:
    everyone.confirm(run_id=run.pk, digest=run.digest, user_id=STAFF[1], now=LATER)


def work(run_id: int) -> int:
    """What the worker does with a confirmed run; prints how long it took."""
    begun = time.perf_counter()
    give_to_everyone(run_id)
    print(time.perf_counter() - begun)
    return 0


def start(run_id: int) -> subprocess.Popen[str]:
    """The run in a process group of its own, as a worker's job."""
    return subprocess.Popen(  # noqa: S603
        [sys.executable, str(Path(__file__)), "--work", str(run_id)],
        env=os.environ | {"FAIRROAM_FOLDER": FOLDER},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[float, int]:
    """(seconds, bytes of the largest of its processes)."""
    assert process.stdout is not None
    said = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said
    return float(said.split()[-1]), usage.ru_maxrss * 1024


def use_database(cluster: Cluster, name: str) -> None:
    """Let this process and its children work on that database."""
    os.environ["DATABASE_URL"] = cluster.url(name)
    connections.close_all()
    connections["default"].settings_dict.update(database(cluster.url(name)))


# Others meanwhile --------------------------------------------------------------------------------


def pay_back_somebody_else(line_id: int) -> float:
    """How long an ordinary refund takes from the request to the payout, in seconds."""
    terms = order_queries.terms_of(line_id)
    begun = time.perf_counter()
    refund = refunds.request_refund(
        order_line_id=line_id,
        customer_id=terms.customer_id,
        key=uuid4(),
        asked_minor=None,
        words="",
        wish_minor=None,
        declared_at=LATER,
        now=LATER,
        actor=f"customer:{terms.customer_id}",
    )
    esims.record_ended(order_line_id=line_id, now=LATER)
    refunds.line_is_off(order_line_id=line_id, now=LATER)
    refund.refresh_from_db()
    assert refund.stage == "approved", refund.stage
    return time.perf_counter() - begun


# Checks ------------------------------------------------------------------------------------------


def recount(run: RefundRun) -> None:
    """Compare what each line got with what plain fractions say, and the parts with the whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT l.id, l.price_minor, l.packs ? 'house@2', lower(p.during), upper(p.during),
                      coalesce((SELECT sum(d.due_minor) FROM refunds_decision d
                          JOIN refunds_refundrequest r ON r.id = d.request_id
                          WHERE r.order_line_id = l.id AND r.declared_at < %(now)s + interval '1 s'
                            AND r.id NOT IN (SELECT refund_id FROM refunds_refundrunline
                                             WHERE run_id = %(run)s AND refund_id IS NOT NULL)), 0),
                      coalesce(d.due_minor, 0), coalesce((SELECT sum(amount_minor)
                          FROM refunds_refundpart part WHERE part.request_id = r.id), 0),
                      coalesce((SELECT sum(minor) FROM ledger_transfer t WHERE t.key = ANY (ARRAY[
                          'refund:' || r.id || '/net', 'refund:' || r.id || '/earned',
                          'refund:' || r.id || '/tax'])), 0)
               FROM refunds_refundrunline line JOIN orders_orderline l ON l.id = line.order_line_id
               JOIN metering_planperiod p ON p.order_line_id = l.id
               LEFT JOIN refunds_refundrequest r ON r.id = line.refund_id
               LEFT JOIN refunds_decision d ON d.request_id = r.id WHERE line.run_id = %(run)s""",
            {"run": run.pk, "now": LATER},
        )
        counted = 0
        for line_id, price, promised, begins, ends, before, due, parts, booked in cursor.fetchall():
            lost = overlap(FAILS, ENDS, begins, ends)
            if before:
                lost += overlap(EARLIER, EARLIER + timedelta(days=1), begins, ends)
            share = Fraction(lost, int((ends - begins).total_seconds()))
            entitled = price if share >= Fraction(1, 2) else ceil(price * share)
            expected = max(0, entitled - before) if promised and lost >= 3600 else 0
            assert due == parts == booked == expected, (line_id, due, parts, booked, expected)
            counted += bool(due)
    print(f"recounted: {counted} got exactly what plain fractions say")


def overlap(begun: datetime, ended: datetime, begins: datetime, ends: datetime) -> int:
    return max(0, int((min(ended, ends) - max(begun, begins)).total_seconds()))


def find_faults() -> list[str]:
    """What contradicts the books, but for signatures: each would be checked one by one."""
    found = [*ledger.find_faults(), *order_queries.find_faults(), *payment_queries.find_faults()]
    found += wallet_queries.find_faults()
    with connection.cursor() as cursor:
        for sentence, query in refund_faults.FAULTS.items():
            cursor.execute(query)
            found += [sentence.format(row[0]) for row in cursor.fetchall()]
        cursor.execute(
            """SELECT count(*), max(split_part(number, '-', 3)::int), count(DISTINCT number)
               FROM papers_paper WHERE kind = 'credit_note' AND number LIKE 'FRC-%'"""
        )
        rows, highest, different = cursor.fetchone()
        if not rows == highest == different:
            found.append(f"{rows} credit notes have {different} numbers up to {highest}")
    return found


def books_of_run(run: RefundRun) -> list[Any]:
    """All that a run left, by line, without ids, keys and random numbers."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT line.order_line_id, line.outcome, d.due_minor, d.result, r.stage,
                 (SELECT json_agg(json_build_array(p.tender_id, p.amount_minor, o.stage)
                  ORDER BY p.tender_id) FROM refunds_refundpart p
                  LEFT JOIN payments_payout o ON o.id = p.payout_id WHERE p.request_id = r.id),
                 (SELECT json_agg(json_build_array(b.kind, b.balance_minor) ORDER BY b.kind)
                  FROM ledger_book b WHERE b.customer_id = line.customer_id),
                 (SELECT count(*) FROM papers_paper WHERE customer_id = line.customer_id),
                 (SELECT json_agg(n.subject ORDER BY n.subject) FROM notices_notice n
                  WHERE n.customer_id = line.customer_id),
                 (SELECT json_agg(e.kind ORDER BY e.kind) FROM journal_event e
                  WHERE e.customer_id = line.customer_id)
               FROM refunds_refundrunline line
               LEFT JOIN refunds_refundrequest r ON r.id = line.refund_id
               LEFT JOIN refunds_decision d ON d.request_id = r.id
               WHERE line.run_id = %s ORDER BY line.order_line_id""",
            [run.pk],
        )
        lines = cursor.fetchall()
    totals = [(row.name, row.minor) for row in ledger.trial_balance()]
    return [lines, totals]


# The floor ---------------------------------------------------------------------------------------

# What the run added (above the mark) and what it changed, by table.
ADDED = (
    "refunds_refundrequest",
    "refunds_decision",
    "refunds_refundpart",
    "payments_payout",
    "ledger_transfer",
    "papers_paper",
    "notices_notice",
    "journal_event",
    "procrastinate_jobs",
    "wallet_move",
)
CHANGED = {
    "refunds_refundrunline": "t.run_id = {run}",
    "orders_orderline": "t.id IN (SELECT order_line_id FROM given)",
    "orders_tender": "t.line_id IN (SELECT order_line_id FROM given)",
    "payments_payment": "t.id IN (SELECT payment_id FROM orders_tender WHERE line_id IN"
    " (SELECT order_line_id FROM given))",
    "ledger_book": "t.customer_id IN (SELECT customer_id FROM given)",
    "wallet_lot": "t.customer_id IN (SELECT customer_id FROM given)",
    "wallet_spending": "t.cause IN (SELECT 'order-line:' || order_line_id FROM given)",
}
FACTS = (
    "SELECT * FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id"
    " WHERE l.id IN (SELECT order_line_id FROM hit)",
    "SELECT * FROM orders_tender t LEFT JOIN payments_payment p ON p.id = t.payment_id"
    " WHERE t.line_id IN (SELECT order_line_id FROM hit)",
    "SELECT * FROM orders_consent WHERE order_id IN"
    " (SELECT order_id FROM orders_orderline WHERE id IN (SELECT order_line_id FROM hit))",
    "SELECT * FROM metering_meter WHERE order_line_id IN (SELECT order_line_id FROM hit)",
    "SELECT * FROM metering_planperiod WHERE order_line_id IN (SELECT order_line_id FROM hit)",
    "SELECT line_id, f.* FROM esims_activationfact f JOIN esims_profile p ON p.id = profile_id"
    " WHERE line_id IN (SELECT order_line_id FROM hit)",
    "SELECT * FROM metering_usagerecord WHERE order_line_id IN (SELECT order_line_id FROM hit)",
    "SELECT * FROM customers_customer c LEFT JOIN customers_user u ON u.id = c.user_id"
    " WHERE c.id IN (SELECT customer_id FROM hit)",
    "SELECT id, number, statement FROM papers_paper WHERE id IN"
    " (SELECT invoice_id FROM orders_order WHERE customer_id IN (SELECT customer_id FROM hit))",
)


def marks_of(owner: Owner) -> dict[str, int]:
    """The highest id of each table before the run."""
    return {
        table: (owner.execute(f"SELECT max(id) FROM {table}").fetchone() or [0])[0] or 0  # noqa: S608
        for table in ADDED
    }


def floor(owner: Owner, run: RefundRun, marks: dict[str, int], folder: Path) -> float:
    """Seconds to copy the facts out and the run's rows in, by one connection."""
    folder.mkdir()
    owner.execute(
        f"""CREATE TEMP TABLE hit AS SELECT order_line_id, customer_id FROM refunds_refundrunline
            WHERE run_id = {run.pk}"""  # noqa: S608
    )
    owner.execute(
        f"""CREATE TEMP TABLE given AS SELECT order_line_id, customer_id
            FROM refunds_refundrunline WHERE run_id = {run.pk} AND outcome = 'given'"""  # noqa: S608
    )
    owner.execute("ANALYZE hit")
    owner.execute("ANALYZE given")
    wanted = {table: f"t.id > {mark}" for table, mark in marks.items()}
    wanted |= {table: rule.format(run=run.pk) for table, rule in CHANGED.items()}
    rows = 0
    for table, rule in wanted.items():
        rows += dump(owner, f"SELECT t.* FROM {table} t WHERE {rule}", folder / table)  # noqa: S608
        make_twin(owner, table)
    owner.execute("CHECKPOINT")
    begun = time.perf_counter()
    for query in FACTS:
        dump(owner, query, folder / "facts")
    with owner.transaction():
        for table in wanted:
            copy_back(owner, table, folder / table)
    took = time.perf_counter() - begun
    print(f"floor: {rows} rows in {len(wanted)} tables, {took:.1f} s")
    return took


def dump(owner: Owner, query: str, path: Path) -> int:
    with path.open("wb") as file, owner.cursor().copy(f"COPY ({query}) TO STDOUT") as copy:
        lines = 0
        for block in copy:
            file.write(block)
            lines += bytes(block).count(b"\n")
    return lines


def make_twin(owner: Owner, table: str) -> None:
    """A table with the same columns, keys, checks and foreign keys."""
    owner.execute(f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)")
    found = owner.execute(
        """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
           WHERE conrelid = %s::regclass AND contype = 'f'""",
        [table],
    )
    for name, definition in found.fetchall():
        owner.execute(f'ALTER TABLE floor_{table} ADD CONSTRAINT "{name}" {definition}')


def copy_back(owner: Owner, table: str, path: Path) -> None:
    with path.open("rb") as file, owner.cursor().copy(f"COPY floor_{table} FROM STDIN") as copy:
        while block := file.read(1 << 16):
            copy.write(block)


# All of it ---------------------------------------------------------------------------------------


def one_run(cluster: Cluster, name: str, *, others: list[int], waits: list[float]) -> Any:
    """Preview, confirm and carry out a run on that database; (run, seconds, bytes, marks)."""
    use_database(cluster, name)
    incident = declare(["JP"], FAILS, ENDS)
    begun = time.perf_counter()
    run = preview(incident)
    counted = time.perf_counter() - begun
    row = run_row(run.pk)
    print(f"{name}: {row.lines} lines hit, {row.findings}, counted in {counted:.1f} s")
    confirm(run)
    with psycopg.connect(cluster.url(name, OWNER_ROLE), autocommit=True) as owner:
        marks = marks_of(owner)
    process = start(run.pk)
    for line_id in others:
        time.sleep(1.5)
        waits.append(pay_back_somebody_else(line_id))
    assert not others or process.poll() is None or lines_to_do(run.pk) == 0
    seconds, peak = finish(process)
    run.refresh_from_db()
    assert run.stage == "finished"
    return run, seconds, peak, marks, row.lines


def kill_in_the_middle(cluster: Cluster) -> list[Any]:
    """The run on a copy of the same crowd, killed with all its processes and begun again."""
    use_database(cluster, "killed")
    run = preview(declare(["JP"], FAILS, ENDS))
    confirm(run)
    whole = lines_to_do(run.pk)
    process = start(run.pk)
    while lines_to_do(run.pk) > whole // 2:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = lines_to_do(run.pk)
    print(f"killed with {left} of {whole} lines to do")
    assert 0 < left < whole
    finish(start(run.pk))
    assert find_faults() == []
    return books_of_run(run)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--work", type=int, help="carry out this run: what the worker does")
    options = parser.parse_args()
    if options.work:
        return work(options.work)
    cluster = Cluster(Path(FOLDER) / "cluster")
    try:
        with cluster:
            return measure(cluster, options.orders)
    finally:
        connections.close_all()
        cluster.remove()
        shutil.rmtree(FOLDER, ignore_errors=True)


def measure(cluster: Cluster, orders_count: int) -> int:
    prepare(cluster, orders_count)
    small, small_seconds, *_rest, small_lines = one_run(cluster, "small", others=[], waits=[])
    assert find_faults() == []
    recount(small)
    whole = books_of_run(small)
    assert kill_in_the_middle(cluster) == whole, "the killed run left other books"
    print("killed and begun again: the same books")
    use_database(cluster, "fairroam")
    others = [somebody_else(number) for number in range(3)]
    waits: list[float] = []
    run, seconds, peak, marks, lines = one_run(cluster, "fairroam", others=others, waits=waits)
    recount(run)
    assert find_faults() == []
    print(f"others meanwhile: {', '.join(f'{wait:.2f}' for wait in waits)} s each")
    with psycopg.connect(cluster.url(role=ADMIN_ROLE), autocommit=True) as owner:
        ratio = seconds / floor(owner, run, marks, Path(FOLDER) / "rows")
    growth = (seconds / lines) / (small_seconds / small_lines)
    print(f"{lines} lines in {seconds:.1f} s: {lines / seconds:.0f} orders/s")
    print(f"peak memory of the largest process {peak / 1e6:.0f} MB")
    print(f"time_per_order_growth {growth:.2f} (bar {BAR_GROWTH:g})")
    print(f"mass_refund_over_floor {ratio:.2f} (bar {BAR_FLOOR:g}, aim {AIM_FLOOR:g})")
    return int(ratio > BAR_FLOOR or growth > BAR_GROWTH)


def prepare(cluster: Cluster, orders_count: int) -> None:
    """Three databases: the whole crowd, a tenth of it, and the same tenth to be killed."""
    environment = {"DATABASE_OWNER_URL": cluster.url(role=OWNER_ROLE)}
    use_database(cluster, "fairroam")
    subprocess.run(  # noqa: S603
        [ROOT / ".venv/bin/fairroam", "migrate"],
        env=os.environ | environment,
        check=True,
        capture_output=True,
    )
    with transaction.atomic():
        open_shop()
        make_cast()
    connections.close_all()
    with psycopg.connect(cluster.url("postgres", ADMIN_ROLE), autocommit=True) as admin:
        admin.execute("CREATE DATABASE small TEMPLATE fairroam OWNER fairroam_owner")
        crowd(cluster, "small", orders_count // 10)
        admin.execute("CREATE DATABASE killed TEMPLATE small OWNER fairroam_owner")
    crowd(cluster, "fairroam", orders_count)


def crowd(cluster: Cluster, name: str, orders_count: int) -> None:
    begun = time.perf_counter()
    # As the admin: copies come in any order, so that their keys are looked at once, at the end.
    with psycopg.connect(cluster.url(name, ADMIN_ROLE), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        copy_cast(admin, orders_count // len(CAST) - 1)
    print(f"{name}: {orders_count} orders written in {time.perf_counter() - begun:.0f} s")


def somebody_else(number: int) -> int:
    """A customer who never used their plan, and gets all of it back."""
    return buy(900_000 + number, "japan-10gb-30d", "DE", "en", is_used=False)


if __name__ == "__main__":
    sys.exit(main())
