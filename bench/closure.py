"""What closing an account costs, by how much its owner used.

Accounts with 100 usage records and one with a million are closed in the same database, step by
step, from the checklist to the certificate; the last mail is left out, since drawing its picture
costs the same for all and would hide the difference. Also told: how much dearer an account with
100 records becomes by a stranger's million.

The last line is the figure; the exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter
from uuid import uuid4

from given.shop import NOON, database_of_its_own  # sets Django up

from fairroam.apps.closures import operations as closures
from fairroam.apps.closures import queries, tasks
from fairroam.apps.customers.queries import Proof
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.payments import operations as payments
from fairroam.gateways.lines import NetworkRecord, RecordKind
from fairroam.rules.money import Money
from fairroam.web.demo import shop
from fairroam.worker.books import find_faults

FEW = 100
SMALL = 5  # accounts of a few records, of which the median counts
CHUNK = 10_000
BYTES = 1_000  # of each record: a million of them are a tenth of the plan
LATER = NOON + timedelta(days=9)
BAR_USE, BAR_GROWTH = 2.0, 2.0


def buy(number: int) -> OrderLine:
    """A line that was really bought and is ready to use."""
    order = orders.place_order(
        plan_code="japan-10gb-30d",
        quantity=1,
        email=f"leaver{number}@example.com",
        residence="DE",
        language="en",
        consents=dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "as shown"),
        key=uuid4(),
        now=NOON,
    )
    ref = f"pay_{number}"
    payments.record_started(
        payment_id=order.payment_id, provider_ref=ref, pay_url="http://127.0.0.1/", now=NOON
    )
    paid = Money(order.total_minor, order.currency)
    orders.confirm_payment(payment_id=order.payment_id, amount=paid, provider_ref=ref, now=NOON)
    line = order.lines.select_related("order").get()
    metering.open_meters(order_line_id=line.pk, now=NOON)
    esims.plan_line(
        order_line_id=line.pk, customer_id=order.customer_id, profile_type="any", now=NOON
    )
    profile = Profile.objects.get(line_id=line.pk)
    esims.reserve(profile_id=profile.pk, iccid=iccid_of(number))
    esims.record_order(profile_id=profile.pk)
    esims.record_release(
        profile_id=profile.pk, matching_id="CODE", smdp_address="rsp.example", now=NOON
    )
    orders.record_delivery(order_line_id=line.pk, now=NOON)
    return line


def iccid_of(number: int) -> str:
    return f"89999000100000{number:05}"


def use(number: int, records: int) -> None:
    """The network counted so many uses in nine days."""
    for first in range(0, records, CHUNK):
        places = range(first, min(first + CHUNK, records))
        uses = [record(number, place, records) for place in places]
        metering.record_usage(source="network", records=uses, now=LATER)


def record(number: int, place: int, records: int) -> NetworkRecord:
    began = NOON + timedelta(days=8) * place / records
    return NetworkRecord(
        source="network",
        record_id=f"{number}-{place:09}",
        iccid=iccid_of(number),
        kind=RecordKind.DATA,
        quantity=BYTES,
        started_at=began,
        ended_at=began + timedelta(seconds=1),
        country="JP",
        operator="Example Mobile",
    )


def closing_seconds(line: OrderLine, now: datetime) -> float:
    """From the checklist to the certificate, without what the network takes."""
    customer_id = line.order.customer_id
    start = perf_counter()
    assert queries.checklist(customer_id, now).is_clear
    closure = closures.request_closure(
        customer_id=customer_id,
        key=uuid4(),
        wish=closures.Wish(),
        proof=Proof("passkey", now),
        now=now,
        actor=f"customer:{customer_id}",
    )
    while (step := queries.next_step(closure.pk)) != "last_mail":
        tasks.take_next_step(closure_id=closure.pk, now=now)
        if queries.next_step(closure.pk) == step:  # It waits for the network.
            esims.record_ended(order_line_id=line.pk, now=now)
    seconds = perf_counter() - start
    closure.refresh_from_db()
    assert closure.stage == "certified"
    return seconds


def close_few(first: int) -> float:
    """The median of some accounts with FEW records each."""
    spent = []
    for number in range(first, first + SMALL):
        line = buy(number)
        use(number, FEW)
        spent.append(closing_seconds(line, LATER))
    return median(spent)


def measure(rows: int) -> bool:
    """Print every figure; whether each meets its bar."""
    shop.furnish(now=NOON - timedelta(days=365))
    close_few(100)  # caches and plans are warm from here on
    alone = close_few(200)
    line = buy(1)
    use(1, rows)
    beside = close_few(300)
    most = closing_seconds(line, LATER)
    assert list(find_faults()) == []
    print(f"closing with {FEW} records: {alone:.3f} s, beside {rows} of a stranger {beside:.3f} s")
    print(f"closing with {rows} records: {most:.3f} s")
    growth, use_ratio = beside / alone, most / beside
    print(f"closure_beside_a_million {growth:.2f} (bar at most {BAR_GROWTH:g})")
    print(f"closure_by_usage {use_ratio:.2f} (bar at most {BAR_USE:g})")
    return growth <= BAR_GROWTH and use_ratio <= BAR_USE


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with database_of_its_own():
        is_met = measure(rows)
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
