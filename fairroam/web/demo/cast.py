"""The small cast of the demo: travellers whose stories were really played on the stand-ins."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.iso7064 import mod_97_10

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

SECONDS_MAX = 60
GOOD_CARD = "4242 4242 4242 4242"
CONSENTS = dict.fromkeys(orders.CONSENTS, "Ticked by the demo's script.")


@dataclass(frozen=True, slots=True)
class Traveller:
    """Who bought what, how far they are, and what they do next."""

    name: str
    email: str
    residence: str
    language: str
    plan_code: str
    story: str | Promise
    used_bytes: int | None = None  # None: the eSIM is not in a phone
    wants_money_back: bool = False
    keeps_number: bool = False

    @property
    def eid(self) -> str:
        """The chip of their own phone: people who share one are looked at by a person."""
        stem = f"89049032{uuid5(NAMESPACE_URL, self.email).int % 10**22:022}"
        return stem + str(mod_97_10.calc_check_digits(stem))


CAST = (
    Traveller(
        "小梅 Mei",
        "mei@example.com",
        "DE",
        "zh-Hans",
        "japan-10gb-30d",
        _("lives in Germany, is in Japan, used a quarter of her plan"),
        used_bytes=2_500_000_000,
    ),
    Traveller(
        "Ben",
        "ben@example.com",
        "FR",
        "en",
        "europe-5gb-15d",
        _("has bought an eSIM and not installed it yet"),
    ),
    Traveller(
        "Carla",
        "carla@example.com",
        "IT",
        "en",
        "europe-20gb-30d",
        _("used a tenth and got the rest back"),
        used_bytes=2_000_000_000,
        wants_money_back=True,
    ),
    Traveller(
        "Dan",
        "dan@example.com",
        "US",
        "en",
        "japan-10gb-30d",
        _("used a part where no law gives it back; a person will look at it"),
        used_bytes=4_000_000_000,
        wants_money_back=True,
    ),
    Traveller(
        "Wei",
        "wei@example.com",
        "DE",
        "zh-Hans",
        "keep-number-uk-90d",
        _("keeps a British number; the identity provider has recognised him"),
        keeps_number=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Colleague:
    """Who stands at the desk, and as what."""

    name: str
    email: str
    role: str
    story: str | Promise


STAFF = (
    Colleague(
        "Max",
        "max@fairroam.example",
        "agent",
        _("stands at the desk and decides what the rules leave open"),
    ),
    Colleague(
        "Nora",
        "nora@fairroam.example",
        "senior",
        _("decides larger amounts, and is the second person where two must agree"),
    ),
    Colleague(
        "Olga",
        "olga@fairroam.example",
        "operator",
        _("runs the brand: the team, its limits, outages, the books"),
    ),
    Colleague(
        "Otto",
        "otto@fairroam.example",
        "operator",
        _("the second operator: confirms what Olga has counted before it goes to everybody"),
    ),
)


def wait_for(happened: Callable[[], Any], what: str) -> Any:
    """What `happened()` returns once it is true. The worker and the stand-ins do the rest."""
    ends = time.monotonic() + SECONDS_MAX
    while time.monotonic() < ends:
        if result := happened():
            return result
        time.sleep(0.1)
    raise TimeoutError(f"the demo's story stands still: {what}")


def phone(act: str, **words: object) -> None:
    """Let the sandbox phone do something."""
    answer = httpx.post(f"{settings.FAIRROAM_PROFILES_URL}/phone/{act}", json=words, timeout=20)
    answer.raise_for_status()


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
