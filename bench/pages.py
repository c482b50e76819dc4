"""What our pages cost, beside the least that the same framework does on the same server.

Beside fairroam runs a trivial app (given/trivial.py): a new Django project with one view, one
query, one template, the same server, threads, database and kept connections. A thousand
customers, each with a plan in use and another whose money came back, are signed in and open the
first page of the account, their line, their refund and the page of a plan; every body is checked.

The machine is not equally fast in every minute: requests go in small slices, one at a time, page
by page in turn with the trivial one; a page's figure is the median of its slices' ratios of the
medians. Of what else runs here only a part falls on both alike, so the processor time of the two
servers' processes (Linux: schedstat) is told beside. Memory is the proportional share (PSS) of
all processes of a server after its last page. The last line is the figure; the exit code is 1
when a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import httpx
import psycopg

BOUGHT = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=20)
os.environ["BENCH_NOON"] = BOUGHT.isoformat()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connections, transaction  # noqa: E402
from django.utils.crypto import get_random_string  # noqa: E402
from given.copies import copy_cast  # noqa: E402
from given.crowd import (  # noqa: E402 - sets Django up
    FOLDER,
    buy,
    open_shop,
    pay_back_somebody_else,
    pay_out,
)

from fairroam.apps.customers import operations as customers  # noqa: E402
from fairroam.apps.customers.models import User  # noqa: E402
from fairroam.project.database import ADMIN_ROLE, OWNER_ROLE, Cluster  # noqa: E402
from fairroam.project.ports import kept_port  # noqa: E402
from fairroam.project.serve import BIN, web_server  # noqa: E402
from fairroam.project.settings import database  # noqa: E402
from fairroam.project.supervisor import answers  # noqa: E402

ROOT = Path(__file__).parent.parent
PLAN = "japan-10gb-30d"
SLICE = 10  # requests for one page
THREADS = 24  # as in production
GUARD = get_random_string(32)
BAR_TIME, AIM_TIME, BAR_MEMORY = 6.0, 4.0, 2.0
# The line that runs, and the refund of the other one.
WHO = """SELECT c.id, c.user_id, c.number, l.order_line_id, r.id
           FROM customers_customer c JOIN esims_line l ON l.customer_id = c.id
           JOIN refunds_refundrequest r ON r.customer_id = c.id
          WHERE l.order_line_id <> r.order_line_id ORDER BY c.id"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A signed-in customer, and what stands on their own pages alone."""

    customer_id: int
    number: str
    line_id: int
    refund_id: int
    cookie: str

    def paths(self) -> dict[str, tuple[str, str]]:
        """Page -> (path, words that its body must hold)."""
        return {
            "overview": ("/account/", f"/account/lines/{self.line_id}/"),
            "line": (f"/account/lines/{self.line_id}/", f"/account/lines/{self.line_id}/refund/"),
            "refund": (f"/account/refunds/{self.refund_id}/", f"/refunds/{self.refund_id}/"),
            "plan": (f"/plans/{PLAN}/?residence=DE", "My eSIMs"),
        }


@dataclass
class Server:
    """A running web server, its processes and what they cost."""

    process: subprocess.Popen[bytes]
    client: httpx.Client

    def processes(self) -> list[int]:
        """The server and all that it started."""
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
            found += [int(child) for child in children.split()]
        return found

    def processor_seconds(self) -> float:
        """What all their threads have computed so far."""
        tasks = [task for pid in self.processes() for task in Path(f"/proc/{pid}/task").iterdir()]
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> int:
        """Their proportional share of the machine's memory, in bytes."""
        rows = [
            row.split()
            for pid in self.processes()
            for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        ]
        return sum(int(row[1]) * 1024 for row in rows if row[0] == "Pss:")


@dataclass
class Measured:
    """One page over the trivial one, slice by slice."""

    seconds: list[float] = field(default_factory=list)
    over: list[float] = field(default_factory=list)
    processor_over: list[float] = field(default_factory=list)


@contextmanager
def running(application: str, cluster: Cluster, **environment: str) -> Iterator[Server]:
    """Serve it as in production until the end."""
    with kept_port(8000) as port:
        yield from _running(application, port, cluster, environment)


def _running(
    application: str, port: int, cluster: Cluster, environment: dict[str, str]
) -> Iterator[Server]:
    command = web_server("127.0.0.1", port, threads=THREADS)
    command[-1] = application
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(  # noqa: S603
        command,
        env=os.environ
        | {"DATABASE_URL": cluster.url(), "FAIRROAM_ADDRESS": address, "FAIRROAM_FOLDER": FOLDER}
        | environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        patience_ends = time.monotonic() + 60
        while not answers(f"{address}/livez") and not answers(f"{address}/1/"):
            assert process.poll() is None, f"{application} ended"
            assert time.monotonic() < patience_ends, f"{application} does not answer"
            time.sleep(0.1)
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            yield Server(process, client)
    finally:
        process.terminate()
        process.wait()


def ask(server: Server, path: str, holds: str, cookie: str = "") -> float:
    """The seconds until the whole body is here; it must be right."""
    # As a browser that has been here before: it holds the cookie that forms are guarded by.
    held = f"session={cookie}; {settings.CSRF_COOKIE_NAME}={GUARD}"
    headers = {"Cookie": held, "Accept-Language": "en"}
    begun = time.perf_counter()
    answer = server.client.get(path, headers=headers)
    seconds = time.perf_counter() - begun
    assert answer.status_code == 200, (path, answer.status_code, answer.headers)
    assert holds in answer.text, (path, holds)
    assert answer.text.rstrip().endswith("</html>"), path
    return seconds


def sign_in(row: tuple[int, int, str, int, int]) -> Reader:
    """A session of theirs, as a mailed code leaves it."""
    customer_id, user_id, number, line_id, refund_id = row
    session = SessionStore()
    session[SESSION_KEY] = str(user_id)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = User.objects.get(pk=user_id).get_session_auth_hash()
    session.create()
    assert session.session_key is not None
    customers.note_session(
        user_id=user_id,
        session_key=session.session_key,
        user_agent="bench",
        now=datetime.now(UTC).replace(microsecond=0),
    )
    return Reader(customer_id, number, line_id, refund_id, session.session_key)


def prepare(cluster: Cluster, readers: int) -> list[Reader]:
    """A shop, a crowd, and so many of them signed in."""
    owner = {"DATABASE_OWNER_URL": cluster.url(role=OWNER_ROLE), "DATABASE_URL": cluster.url()}
    subprocess.run(  # noqa: S603
        [BIN / "fairroam", "migrate"], env=os.environ | owner, check=True, capture_output=True
    )
    connections["default"].settings_dict.update(database(cluster.url()))
    with transaction.atomic():
        open_shop()
        buy(0, PLAN, "DE", "en")
        pay_back_somebody_else(buy(1, PLAN, "DE", "en", is_used=False, buyer=0))
        pay_out()
    with psycopg.connect(cluster.url(role=ADMIN_ROLE), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        copy_cast(admin, readers - 1)
        admin.execute("VACUUM")  # as the database itself does within minutes; not while we measure
        rows = admin.execute(WHO).fetchall()
    with transaction.atomic():
        found = [sign_in(row) for row in rows]
    assert len(found) == readers, len(found)
    return found


def measure(ours: Server, trivial: Server, readers: list[Reader]) -> dict[str, Measured]:
    """Let every reader open every page, in slices in turn with the trivial page."""
    pages = {name: Measured() for name in readers[0].paths()}
    for first in range(0, len(readers), SLICE):
        some = readers[first : first + SLICE]
        for name, measured in pages.items():
            begun = trivial.processor_seconds()
            floor = [ask(trivial, f"/{who.customer_id}/", who.number) for who in some]
            floor_processor = trivial.processor_seconds() - begun
            begun = ours.processor_seconds()
            seconds = [ask(ours, *who.paths()[name], who.cookie) for who in some]
            processor = ours.processor_seconds() - begun
            measured.seconds += seconds
            measured.over.append(median(seconds) / median(floor))
            measured.processor_over.append(processor / floor_processor)
    return pages


def tell(pages: dict[str, Measured], memory: float) -> int:
    """Print every figure; 1 when a bar is missed."""
    for name, each in pages.items():
        print(
            f"{name}: p50 {median(each.seconds) * 1000:.1f} ms, {median(each.over):.2f} times"
            f" the trivial page, {median(each.processor_over):.2f} times its processor time"
        )
    slowest = max(median(each.over) for each in pages.values())
    print(f"pages_memory_over_trivial {memory:.2f} (bar {BAR_MEMORY:g})")
    print(f"pages_over_trivial {slowest:.2f} (bar {BAR_TIME:g}, aim {AIM_TIME:g})")
    return int(slowest > BAR_TIME or memory > BAR_MEMORY)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=1_000)
    options = parser.parse_args()
    cluster = Cluster(Path(FOLDER) / "cluster")
    path = {"PYTHONPATH": f"{ROOT / 'bench'}:{ROOT}"}
    serve = partial(running, cluster=cluster)
    try:
        with cluster:
            readers = prepare(cluster, options.readers)
            with (
                serve("fairroam.project.wsgi:application", **path) as ours,
                serve("given.trivial:application", **path) as trivial,
            ):
                measure(ours, trivial, readers[: 2 * SLICE])  # both read their templates
                pages = measure(ours, trivial, readers)
                sizes = ours.memory(), trivial.memory()
                print(f"memory: {sizes[0] / 1e6:.0f} MB, trivial {sizes[1] / 1e6:.0f} MB")
            return tell(pages, sizes[0] / sizes[1])
    finally:
        connections.close_all()
        cluster.remove()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
