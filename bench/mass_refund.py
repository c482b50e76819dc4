"""What giving everybody back costs, beside the bare database.

One outage hits mixed orders: plans of four currencies, part used, part refunded, disputed, paid by
several tenders, and a fifth that is owed nothing. The run gives the lost time back by two
processes. The floor (given/floor.py) copies out the same facts and copies in exactly the rows that
the run left in every table, also those it changed, into twins with the same keys, checks, foreign
keys and durability, by as many connections. A machine is not equally fast in every minute: the run
is held after each tenth while the floor does that same tenth, and the figure is the median of the
tenths' ratios.

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
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import islice
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from django.db import connection, connections, transaction
from given.copies import copy_cast
from given.crowd import (  # sets Django up
    CAST,
    EARLIER,
    ENDS,
    FAILS,
    FOLDER,
    LATER,
    buy,
    confirm,
    declare,
    make_cast,
    open_shop,
    pay_back_somebody_else,
    preview,
)
from given.floor import Floor

from fairroam.apps.ledger import queries as ledger
from fairroam.apps.orders import queries as order_queries
from fairroam.apps.payments import queries as payment_queries
from fairroam.apps.refunds.models import RefundRun
from fairroam.apps.refunds.queries import faults as refund_faults
from fairroam.apps.refunds.queries.everyone import lines_to_do, run_row
from fairroam.apps.wallet import queries as wallet_queries
from fairroam.project.database import ADMIN_ROLE, OWNER_ROLE, Cluster
from fairroam.project.settings import database
from fairroam.worker.giving import PROCESSES, give_to_everyone

ROOT = Path(__file__).parent.parent
SLICES, SLICES_SMALL = 10, 4
BAR_FLOOR, AIM_FLOOR, BAR_GROWTH = 3.5, 2.0, 1.3


# The run -----------------------------------------------------------------------------------------


def work(run_id: int) -> int:
    """What the worker does with a confirmed run; says when it begins."""
    print("begun", flush=True)
    give_to_everyone(run_id)
    return 0


def start(run_id: int) -> subprocess.Popen[str]:
    """The run in a process group of its own, as a worker's job; returns when it begins."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, str(Path(__file__)), "--work", str(run_id)],
        env=os.environ | {"FAIRROAM_FOLDER": FOLDER},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def finish(process: subprocess.Popen[str]) -> int:
    """Wait for its end; the bytes of the largest of its processes."""
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * 1024


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
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # all books at once, on a machine that is busy
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


# All of it ---------------------------------------------------------------------------------------


def confirmed_run(cluster: Cluster, name: str) -> RefundRun:
    """A run on that database that may begin."""
    use_database(cluster, name)
    incident = declare(["JP"], FAILS, ENDS)
    begun = time.perf_counter()
    run = preview(incident)
    counted = time.perf_counter() - begun
    row = run_row(run.pk)
    print(f"{name}: {row.lines} lines hit, {row.findings}, counted in {counted:.1f} s")
    confirm(run)
    return run


@dataclass
class Measured:
    """A run in slices, each beside the floor of the same rows in the same minute."""

    run: RefundRun
    lines: int
    seconds: list[float] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # of somebody else's refund meanwhile
    peak: int = 0  # bytes of the largest process

    @property
    def over_floor(self) -> float:
        pairs = zip(self.seconds, self.floors, strict=True)
        return median(seconds / floor for seconds, floor in pairs)

    @property
    def seconds_per_line(self) -> float:
        """Of a slice in the middle: the first begins two processes."""
        return median(self.seconds) * len(self.seconds) / self.lines


def measured_run(
    cluster: Cluster, name: str, *, slices: int, others: Sequence[int] = ()
) -> Measured:
    """Carry out a run on that database, held after each slice until its floor is known.

    others: lines of people whose own refunds are asked for meanwhile.
    """
    run = confirmed_run(cluster, name)
    done = Measured(run, lines_to_do(run.pk))
    url = cluster.url(name, ADMIN_ROLE)
    with ExitStack() as stack:
        owners = [
            stack.enter_context(psycopg.connect(url, autocommit=True)) for _ in range(PROCESSES)
        ]
        floor, waiting = Floor(owners, run.pk), iter(others)
        process = start(run.pk)
        for left in range(slices - 1, -1, -1):
            begun = time.perf_counter()
            os.killpg(process.pid, signal.SIGCONT)
            done.waits += [pay_back_somebody_else(line_id) for line_id in islice(waiting, 1)]
            wait_until(process, run, done.lines * left // slices)
            os.killpg(process.pid, signal.SIGSTOP)
            done.seconds.append(time.perf_counter() - begun)
            done.floors.append(floor.measure())
            ratio = done.seconds[-1] / done.floors[-1]
            print(f"slice: {done.seconds[-1]:.1f} s, {ratio:.2f} times the floor", flush=True)
            owners[0].execute("CHECKPOINT")
        os.killpg(process.pid, signal.SIGCONT)
        done.peak = finish(process)
    run.refresh_from_db()
    assert run.stage == "finished"
    recount(run)
    assert find_faults() == []
    return done


def wait_until(process: subprocess.Popen[str], run: RefundRun, left: int) -> None:
    """Return when no more than `left` lines are to do."""
    while lines_to_do(run.pk) > left:
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        assert ended is None, f"the run ended with lines to do: {ended}"
        time.sleep(0.1)


def kill_in_the_middle(cluster: Cluster) -> list[Any]:
    """The run on a copy of the same crowd, killed with all its processes and begun again."""
    run = confirmed_run(cluster, "killed")
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
    small = measured_run(cluster, "small", slices=SLICES_SMALL)
    whole = books_of_run(small.run)
    assert kill_in_the_middle(cluster) == whole, "the killed run left other books"
    print("killed and begun again: the same books")
    use_database(cluster, "fairroam")
    others = [somebody_else(number) for number in range(3)]
    large = measured_run(cluster, "fairroam", slices=SLICES, others=others)
    print(f"others meanwhile: {', '.join(f'{wait:.2f}' for wait in large.waits)} s each")
    seconds, ratio = sum(large.seconds), large.over_floor
    growth = large.seconds_per_line / small.seconds_per_line
    print(f"{large.lines} lines in {seconds:.1f} s: {large.lines / seconds:.0f} orders/s")
    print(f"the floor in {sum(large.floors):.1f} s")
    print(f"peak memory of the largest process {large.peak / 1e6:.0f} MB")
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
