"""The bare database beside a run: the same facts copied out, exactly the run's rows copied in.

The rows go into twins of the run's tables, with the same keys, checks, foreign keys and
durability, by as many connections as the run has processes, each with its share of the lines.
Nothing is judged, written, signed or locked: no program that keeps these rows can be faster.
"""

# ruff: noqa: S608 - every statement is written here, from names that stand here

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

Owner = psycopg.Connection[Any]

HIT = "(SELECT order_line_id FROM hit)"
GIVEN = "(SELECT order_line_id FROM given)"
REFUNDS = "(SELECT refund_id FROM given)"
OWNERS = "(SELECT customer_id FROM hit)"
BOOKS = f"(SELECT id FROM ledger_book WHERE customer_id IN {OWNERS})"

# What a run adds: above the table's highest id before it, and of these lines.
ADDED = {
    "refunds_refundrequest": f"t.id IN {REFUNDS}",
    "refunds_decision": f"t.request_id IN {REFUNDS}",
    "refunds_refundpart": f"t.request_id IN {REFUNDS}",
    "payments_payout": f"t.customer_id IN {OWNERS}",
    "ledger_transfer": f"(t.source_id IN {BOOKS} OR t.target_id IN {BOOKS})",
    "papers_paper": f"t.customer_id IN {OWNERS}",
    "notices_notice": f"t.customer_id IN {OWNERS}",
    "journal_event": f"t.customer_id IN {OWNERS}",
    "procrastinate_jobs": "(t.args->'event_ids'->>0)::bigint IN"
    f" (SELECT id FROM journal_event WHERE customer_id IN {OWNERS})",
    "wallet_move": f"t.lot_id IN (SELECT id FROM wallet_lot WHERE customer_id IN {OWNERS})",
}
# What it changes.
CHANGED = {
    "refunds_refundrunline": "t.id IN (SELECT id FROM hit)",
    "orders_orderline": f"t.id IN {GIVEN}",
    "orders_tender": f"t.line_id IN {GIVEN}",
    "payments_payment": f"t.id IN (SELECT payment_id FROM orders_tender WHERE line_id IN {GIVEN})",
    "ledger_book": "t.customer_id IN (SELECT customer_id FROM given)",
    "wallet_lot": "t.customer_id IN (SELECT customer_id FROM given)",
    "wallet_spending": "t.cause IN (SELECT 'order-line:' || order_line_id FROM given)",
}
TABLES = (*ADDED, *CHANGED)
# What it reads.
FACTS = (
    "SELECT * FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id"
    f" WHERE l.id IN {HIT}",
    "SELECT * FROM orders_tender t LEFT JOIN payments_payment p ON p.id = t.payment_id"
    f" WHERE t.line_id IN {HIT}",
    "SELECT * FROM orders_consent WHERE order_id IN"
    f" (SELECT order_id FROM orders_orderline WHERE id IN {HIT})",
    f"SELECT * FROM metering_meter WHERE order_line_id IN {HIT}",
    f"SELECT * FROM metering_planperiod WHERE order_line_id IN {HIT}",
    "SELECT line_id, f.* FROM esims_activationfact f JOIN esims_profile p ON p.id = profile_id"
    f" WHERE line_id IN {HIT}",
    f"SELECT * FROM metering_usagerecord WHERE order_line_id IN {HIT}",
    "SELECT * FROM customers_customer c LEFT JOIN customers_user u ON u.id = c.user_id"
    f" WHERE c.id IN {OWNERS}",
    "SELECT id, number, statement FROM papers_paper WHERE id IN"
    f" (SELECT invoice_id FROM orders_order WHERE customer_id IN {OWNERS})",
)


class Floor:
    """The floor of one run, slice by slice.

    owners: the connections that share it. It is made before the run begins, whose rows are those
    above what each table holds then.
    """

    def __init__(self, owners: Sequence[Owner], run_id: int) -> None:
        self.owners, self.run_id = owners, run_id
        self.marks = {table: highest(owners[0], table) for table in ADDED}
        for table in TABLES:
            make_twin(owners[0], table)
        owners[0].execute("CREATE TABLE measured (order_line_id bigint PRIMARY KEY)")

    def measure(self) -> float:
        """Seconds for the lines that the run has done since this was last asked."""
        with TemporaryDirectory() as name, ThreadPoolExecutor(len(self.owners)) as threads:
            folders = [Path(name) / str(place) for place in range(len(self.owners))]
            rows = sum(threads.map(self.dump_share, self.owners, folders))
            self.owners[0].execute(
                """INSERT INTO measured SELECT order_line_id FROM refunds_refundrunline
                   WHERE run_id = %s AND outcome IS NOT NULL ON CONFLICT DO NOTHING""",
                [self.run_id],
            )
            self.owners[0].execute("CHECKPOINT")
            begun = time.perf_counter()
            list(threads.map(copy_share, self.owners, folders))
            took = time.perf_counter() - begun
        print(f"floor: {rows} rows in {len(TABLES)} tables, {took:.1f} s")
        return took

    def dump_share(self, owner: Owner, folder: Path) -> int:
        """Write one connection's share of what the run left to files; how many rows."""
        folder.mkdir()
        share = f"% {len(self.owners)} = {folder.name}"
        owner.execute("DROP TABLE IF EXISTS hit, given")
        owner.execute(
            f"""CREATE TEMP TABLE hit AS
                SELECT id, order_line_id, customer_id, refund_id, outcome FROM refunds_refundrunline
                WHERE run_id = {self.run_id} AND outcome IS NOT NULL AND order_line_id {share}
                AND order_line_id NOT IN (SELECT order_line_id FROM measured)"""
        )
        owner.execute("CREATE TEMP TABLE given AS SELECT * FROM hit WHERE outcome = 'given'")
        owner.execute("ANALYZE hit")
        owner.execute("ANALYZE given")
        wanted = {table: f"{rule} AND t.id > {self.marks[table]}" for table, rule in ADDED.items()}
        wanted |= CHANGED
        return sum(
            dump(owner, f"SELECT t.* FROM {table} t WHERE {rule}", folder / table)
            for table, rule in wanted.items()
        )


def highest(owner: Owner, table: str) -> int:
    found = owner.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
    assert found is not None
    return int(found[0])


def copy_share(owner: Owner, folder: Path) -> None:
    """What is timed: one connection's facts out, and its rows in."""
    for query in FACTS:
        dump(owner, query, folder / "facts")
    with owner.transaction():
        for table in TABLES:
            copy_back(owner, table, folder / table)


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
