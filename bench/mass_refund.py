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
import time
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection, connections, transaction
from given.crowd import (  # sets Django up
    CAST,
    EARLIER,
    ENDS,
    FAILS,
    FOLDER,
    LATER,
    Owner,
    buy,
    confirm,
    copy_cast,
    declare,
    make_cast,
    open_shop,
    pay_back_somebody_else,
    preview,
)

from fairroam.apps.ledger import queries as ledger
from fairroam.apps.orders import queries as order_queries
from fairroam.apps.payments import queries as payment_queries
from fairroam.apps.refunds.models import RefundRun
from fairroam.apps.refunds.queries import faults as refund_faults
from fairroam.apps.refunds.queries.everyone import lines_to_do, run_row
from fairroam.apps.wallet import queries as wallet_queries
from fairroam.project.database import ADMIN_ROLE, OWNER_ROLE, Cluster
from fairroam.project.settings import database
from fairroam.worker.giving import give_to_everyone

ROOT = Path(__file__).parent.parent
BAR_FLOOR, AIM_FLOOR, BAR_GROWTH = 3.5, 2.0, 1.3


# The run -----------------------------------------------------------------------------------------


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
