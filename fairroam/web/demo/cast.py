"""The small cast of the demo: travellers whose stories were really played on the stand-ins."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from django.conf import settings

from fairroam.apps.customers.models import User
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.operations import numbers_identity
from fairroam.apps.esims.queries import numbers
from fairroam.apps.metering import queries as metering
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.orders.models import Order
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries as refund_rows
from fairroam.clock import now
from fairroam.web.demo.people import CAST, Traveller
from fairroam.web.demo.phones import phone

SECONDS_MAX = 60
GOOD_CARD = "4242 4242 4242 4242"
CONSENTS = dict.fromkeys(orders.CONSENTS, "Ticked by the demo's script.")


def wait_for(happened: Callable[[], Any], what: str) -> Any:
    """What `happened()` returns once it is true. The worker and the stand-ins do the rest."""
    ends = time.monotonic() + SECONDS_MAX
    while time.monotonic() < ends:
        if result := happened():
            return result
        time.sleep(0.1)
    raise TimeoutError(f"the demo's story stands still: {what}")


def buy(traveller: Traveller) -> int:
    """Order, pay on the provider's page, wait for the eSIM; the order line's id."""
    key = uuid5(NAMESPACE_URL, f"{settings.FAIRROAM_ADDRESS}/demo/{traveller.email}")
    order = orders.place_order(
        plan_code=traveller.plan_code,
        quantity=1,
        email=traveller.email,
        residence=traveller.residence,
        language=traveller.language,
        consents=CONSENTS,
        key=key,
        now=now(),
    )
    page = wait_for(lambda: order_rows.order_page(order.number).pay_url, "the pay page")
    if order.paid_at is None:
        httpx.post(page, data={"card": GOOD_CARD}, timeout=20)
    wait_for(lambda: order_rows.order_page(order.number).stage == "fulfilled", "the eSIM")
    return Order.objects.get(pk=order.pk).lines.get().pk


def travel(traveller: Traveller, line_id: int) -> None:
    """Install the eSIM on their sandbox phone and use it abroad."""
    owner = order_rows.terms_of(line_id).customer_id
    code = esims.code_of(line_id, owner)
    if code is None or traveller.used_bytes is None:
        return  # In the phone already, or to stay outside.
    country = order_rows.terms_of(line_id).plan_copy["countries"][0]
    phone("download", activation_code=code.lpa, eid=traveller.eid)
    iccid = esims.line_page(line_id, owner).iccid
    phone("install", iccid=iccid)
    phone("enable", iccid=iccid)
    phone("use", iccid=iccid, bytes=traveller.used_bytes, country=country, kind="data")
    wait_for(lambda: metering.usage_of(line_id).allowances[0].used, "the usage record")


def show_document(traveller: Traveller, line_id: int) -> None:
    """Be recognised by the sandbox's identity provider; the number follows."""
    owner = order_rows.terms_of(line_id).customer_id
    check = numbers.check_of(owner)
    if check is None:
        key = uuid5(NAMESPACE_URL, f"{settings.FAIRROAM_ADDRESS}/demo/identity/{traveller.email}")
        numbers_identity.ask_check(customer_id=owner, key=key, by_person=False, now=now())
    if check is None or check.stage != "verified":
        page = wait_for(lambda: page_of_check(owner), "the identity provider's page")
        httpx.post(page, data={"status": "verified", "person": traveller.name}, timeout=20)
    wait_for(lambda: numbers.is_kept(line_id), "the number")


def page_of_check(owner: int) -> str:
    check = numbers.check_of(owner)
    return check.page_url if check else ""


def ask_back(line_id: int) -> None:
    """Ask for the money back, once."""
    owner = order_rows.terms_of(line_id).customer_id
    if refund_rows.refund_of_line(line_id, owner) is None:
        refunds.request_refund(
            order_line_id=line_id,
            customer_id=owner,
            key=uuid5(NAMESPACE_URL, f"demo/refund/{line_id}"),
            asked_minor=None,
            words="",
            wish_minor=None,
            declared_at=now(),
            now=now(),
            actor=f"customer:{owner}",
        )


def play(traveller: Traveller) -> None:
    """Play one story; what was played before is left as it is."""
    if User.objects.filter(email=traveller.email).exists() and is_played(traveller):
        return
    line_id = buy(traveller)
    travel(traveller, line_id)
    if traveller.keeps_number:
        show_document(traveller, line_id)
    if traveller.wants_money_back:
        ask_back(line_id)


def is_played(traveller: Traveller) -> bool:
    """Whether this traveller's story came to its end in an earlier start."""
    lines = esims.lines_of(User.objects.get(email=traveller.email).customer.pk)
    if not lines:
        return False
    owner, line_id = lines[-1].customer_id, lines[-1].order_line_id
    assert owner is not None
    is_used = traveller.used_bytes is None or bool(metering.usage_of(line_id).as_of)
    has_asked = refund_rows.refund_of_line(line_id, owner) is not None
    has_number = numbers.is_kept(line_id) or not traveller.keeps_number
    return is_used and has_number and (has_asked or not traveller.wants_money_back)


def main(arguments: list[str]) -> int:
    """Play every story of the cast; safe to run again."""
    for traveller in CAST:
        play(traveller)
        sys.stdout.write(f"{traveller.name}: {traveller.story}\n")
    return 0
