"""What each traveller of the demo does, by the same acts as the pages, and how long ago."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import httpx
from django.conf import settings

from fairroam.apps.closures import operations as closures
from fairroam.apps.closures.operations import Wish
from fairroam.apps.customers.models import User
from fairroam.apps.customers.queries import Proof
from fairroam.apps.esims import operations as esim_acts
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.operations import numbers_identity
from fairroam.apps.esims.queries import numbers
from fairroam.apps.incidents import operations as incidents
from fairroam.apps.incidents.operations import Report
from fairroam.apps.metering import queries as metering
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.apps.orders.models import Order
from fairroam.apps.orders.operations import trials
from fairroam.apps.payments.models import Payment
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import queries as refund_rows
from fairroam.apps.refunds.models import RefundRequest, RefundRun
from fairroam.apps.refunds.operations import everyone
from fairroam.apps.wallet import operations as wallet
from fairroam.clock import now
from fairroam.rules.money import Money
from fairroam.web.account.line_acts import capabilities_of
from fairroam.web.demo import people
from fairroam.web.demo.people import Traveller
from fairroam.web.demo.phones import chip_for, phone

SECONDS_MAX = 120
GOOD_CARD = "4242 4242 4242 4242"
CONSENTS = dict.fromkeys(orders.CONSENTS, "Ticked by the demo's script.")
MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class Scene:
    """Something that happened so many days ago; the name says it once and for all."""

    days_ago: int
    name: str
    act: Callable[[], object]


def wait_for(happened: Callable[[], Any], what: str) -> Any:
    """What `happened()` returns once it is true. The worker and the stand-ins do the rest."""
    ends = time.monotonic() + SECONDS_MAX
    while time.monotonic() < ends:
        if result := happened():
            return result
        time.sleep(0.1)
    raise TimeoutError(f"the demo's story stands still: {what}")


def key_of(*what: object) -> UUID:
    return uuid5(NAMESPACE_URL, "/".join([settings.FAIRROAM_ADDRESS, "demo", *map(str, what)]))


def owner_of(traveller: Traveller) -> int:
    """The customer behind a traveller who has bought something."""
    return int(User.objects.get(email=traveller.email).customer.pk)


def colleague(name: str) -> int:
    """The login of somebody at the desk."""
    return int(User.objects.get(email=f"{name}@fairroam.example").pk)


def pay(page: str) -> None:
    """Choose a test card on the provider's page."""
    httpx.post(page, data={"card": GOOD_CARD}, timeout=20, trust_env=False)


# Buying and travelling ------------------------------------------------------------------------
def buy(traveller: Traveller, *, quantity: int = 1, time: str = "") -> list[int]:
    """Order, pay on the provider's page, wait for the eSIMs; their order lines' ids."""
    order = orders.place_order(
        plan_code=traveller.plan_code,
        quantity=quantity,
        email=traveller.email,
        residence=traveller.residence,
        language=traveller.language,
        consents=CONSENTS,
        key=key_of(traveller.email, time),
        now=now(),
    )
    page = wait_for(lambda: order_rows.order_page(order.number).pay_url, "the pay page")
    if order.paid_at is None:
        pay(page)
    return lines_when_ready(order.number)


def lines_when_ready(number: str) -> list[int]:
    wait_for(lambda: order_rows.order_page(number).stage == "fulfilled", "the eSIM")
    ids = Order.objects.get(number=number).lines.order_by("pk").values_list("pk", flat=True)
    return list(ids)


def travel(traveller: Traveller, line_id: int, used_bytes: int, country: str = "") -> None:
    """Install the eSIM on their sandbox phone and use it abroad."""
    if begin_use(traveller, line_id, used_bytes, "data", country):
        wait_for(lambda: metering.usage_of(line_id).as_of, "the usage record")


def begin_use(
    traveller: Traveller, line_id: int, quantity: int, kind: str, country: str = ""
) -> bool:
    """Put the eSIM into their phone and use it once; whether it was not in the phone already."""
    page = esims.line_page(line_id, owner_of(traveller))
    if page.code is None:
        return False
    here = {"iccid": page.iccid, "country": country or page.plan_copy["countries"][0]}
    phone("download", activation_code=page.code.lpa, eid=chip_for(traveller, page))
    phone("install", iccid=page.iccid)
    phone("enable", **here)
    phone("use", **here, bytes=quantity, kind=kind)
    return True


def go(traveller: Traveller, megabytes: int, country: str = "", time: str = "") -> int:
    """Buy a plan and use so many megabytes of it; the order line's id."""
    [line_id] = buy(traveller, time=time)
    travel(traveller, line_id, megabytes * MEGABYTE, country)
    return line_id


def use_more(traveller: Traveller, megabytes: int, country: str) -> None:
    """Use their one eSIM on, until so many megabytes of it are used in all."""
    line_id = Order.objects.get(customer_id=owner_of(traveller)).lines.get().pk
    so_far = used_bytes(line_id)
    if so_far < megabytes * MEGABYTE:
        iccid = esims.line_page(line_id, owner_of(traveller)).iccid
        more = megabytes * MEGABYTE - so_far
        phone("use", iccid=iccid, country=country, bytes=more, kind="data")
        wait_for(lambda: used_bytes(line_id) > so_far, "the usage record")


def used_bytes(line_id: int) -> int:
    return metering.usage_of(line_id).allowances[0].used


def family() -> None:
    """Five eSIMs, each with the name of who has it; two are in use."""
    ids = buy(people.YI_CHUN, quantity=5)
    owner = owner_of(people.YI_CHUN)
    for line_id, name in zip(ids, ("怡君", "爸爸", "媽媽", "小安", "小宇"), strict=True):
        esim_acts.name_line(order_line_id=line_id, customer_id=owner, name=name, now=now())
    for line_id, used in zip(ids, (1000, 400), strict=False):
        travel(people.YI_CHUN, line_id, used * MEGABYTE, "JP")


def free_trial() -> None:
    one = people.ZOE
    order = trials.begin_trial(
        plan_code=one.plan_code,
        email=one.email,
        residence=one.residence,
        language=one.language,
        consents={"terms": CONSENTS["terms"]},
        key=key_of(one.email),
        now=now(),
    )
    [line_id] = lines_when_ready(order.number)
    travel(one, line_id, 40 * MEGABYTE, "DE")


def pause() -> None:
    line_id, owner = go(people.PIA, 3000), owner_of(people.PIA)
    esim_acts.ask_act(
        kind="suspend",
        order_line_id=line_id,
        customer_id=owner,
        key=key_of("pause", line_id),
        capabilities=capabilities_of(line_id),
        actor=f"customer:{owner}",
        now=now(),
    )


def keep_number(traveller: Traveller) -> int:
    """Buy a number and be recognised by the sandbox's identity provider; the order line's id."""
    [line_id] = buy(traveller)
    owner = owner_of(traveller)
    check = numbers.check_of(owner)
    if check is None:
        numbers_identity.ask_check(
            customer_id=owner, key=key_of("identity", owner), by_person=False, now=now()
        )
    if check is None or check.stage != "verified":
        page = wait_for(lambda: page_of_check(owner), "the identity provider's page")
        answers = {"status": "verified", "person": traveller.name}
        httpx.post(page, data=answers, timeout=20, trust_env=False)
    wait_for(lambda: numbers.is_kept(line_id), "the number")
    return line_id


def use_number(traveller: Traveller) -> None:
    """Keep a number in a phone, and send one message with it."""
    begin_use(traveller, keep_number(traveller), 1, "sms")


def page_of_check(owner: int) -> str:
    check = numbers.check_of(owner)
    return check.page_url if check else ""


def fill_wallet() -> None:
    """A plan, and a top-up that is large enough for a gift."""
    buy(people.OMAR)
    amount = Money(5000, "EUR")
    top_up = wallet.top_up(
        customer_id=owner_of(people.OMAR), amount=amount, key=key_of("top-up"), now=now()
    )
    mine = Payment.objects.filter(pk=top_up.payment_id)
    pay(wait_for(lambda: mine.values_list("pay_url", flat=True).first(), "the pay page"))
    wait_for(lambda: mine.filter(stage="captured").exists(), "the balance")


# Money back -----------------------------------------------------------------------------------
def ask_back(line_id: int, wish_minor: int | None = None, words: str = "") -> int:
    """Ask for the money back, once; the request's id."""
    owner = order_rows.terms_of(line_id).customer_id
    asked = refund_rows.refund_of_line(line_id, owner)
    if asked is not None:
        return int(asked.id)
    return int(
        refunds.request_refund(
            order_line_id=line_id,
            customer_id=owner,
            key=key_of("refund", line_id),
            asked_minor=None,
            words=words,
            wish_minor=wish_minor,
            declared_at=now(),
            now=now(),
            actor=f"customer:{owner}",
        ).pk
    )


def carla() -> None:
    ask_back(go(people.CARLA, 2000))


def dan() -> None:
    ask_back(go(people.DAN, 4000), words="My trip was cut short. Is there anything for the rest?")


def bargain() -> None:
    """Asked back where no law gives it; Max offers a part of the price."""
    words = "I flew home two weeks early. Can I have the part back that I did not use?"
    refund_id = ask_back(go(people.ROSA, 4000), words=words)
    wait_for(lambda: stage_of(refund_id) == "under_review", "a person's turn")
    refunds.make_offer(
        request_id=refund_id,
        staff_user_id=colleague("max"),
        kind="money",
        quantity=450,
        hours=72,
        words="The rest of your plan could have served you for two more weeks.",
        now=now(),
    )


def stage_of(refund_id: int) -> str:
    return RefundRequest.objects.values_list("stage", flat=True).get(pk=refund_id)


def slow_bank() -> None:
    """Money back whose arrival nobody has told yet."""
    line_id = go(people.KARIM, 1000)
    set_bank(refund_seconds=None)
    try:
        ask_back(line_id)
        wait_for(lambda: bank_has_refund(people.KARIM), "the bank")
    finally:
        set_bank()


def set_bank(**behaviour: object) -> None:
    answer = httpx.post(
        f"{settings.FAIRROAM_PAYMENTS_URL}/_settings", json=behaviour, timeout=20, trust_env=False
    )
    answer.raise_for_status()


def payment_of(traveller: Traveller) -> Payment:
    return Payment.objects.filter(customer_id=owner_of(traveller)).earliest("pk")


def bank_has_refund(traveller: Traveller) -> bool:
    effects = httpx.get(
        f"{settings.FAIRROAM_PAYMENTS_URL}/_effects", timeout=20, trust_env=False
    ).json()["effects"]
    intent = payment_of(traveller).provider_ref
    return any((one["effect"], one.get("intent")) == ("refund_accepted", intent) for one in effects)


def dispute() -> None:
    """Igor's bank takes the money back while he says nothing to us."""
    go(people.IGOR, 1000, "PL")
    payment = payment_of(people.IGOR)
    asked = {"intent": payment.provider_ref, "amount": payment.amount_minor}
    httpx.post(
        f"{settings.FAIRROAM_PAYMENTS_URL}/_disputes", json=asked, timeout=20, trust_env=False
    ).raise_for_status()


def outage() -> None:
    """Portugal was without network; Olga counts who was hit, Otto confirms, all are paid."""
    olga, at = colleague("olga"), now()
    report = Report(
        countries=["PT"],
        operators=[],
        began_at=at - timedelta(hours=7),
        ended_at=at - timedelta(hours=2),
        source="https://status.example/pt/2026-11",
        words={"en": "No data in Portugal.", "zh-Hans": "葡萄牙没有数据网络。"},
    )
    found = incidents.declare(report, actor=f"staff:{olga}", now=at)
    incidents.move(found.pk, "confirm", actor=f"staff:{olga}", now=at)
    run = everyone.ask_for_run(incident_id=found.pk, user_id=olga, now=at)
    counted = RefundRun.objects.filter(pk=run.pk, stage="previewed")
    digest = wait_for(lambda: counted.values_list("digest", flat=True).first(), "the preview")
    everyone.confirm(run_id=run.pk, digest=digest, user_id=colleague("otto"), now=now())
    wait_for(lambda: RefundRun.objects.filter(pk=run.pk, stage="finished"), "the payouts")


# Leaving --------------------------------------------------------------------------------------
def leave(traveller: Traveller, timing: str) -> None:
    """Ask for the account to be closed, with a code from the mailbox as proof."""
    owner = owner_of(traveller)
    closures.request_closure(
        customer_id=owner,
        key=key_of("leave", owner),
        wish=Wish(timing=timing),
        proof=Proof("mail_code", now()),
        now=now(),
        actor=f"customer:{owner}",
    )


def leave_at_once() -> None:
    leave(people.PETRA, "at_once")
    theirs = User.objects.filter(email=people.PETRA.email)
    wait_for(lambda: not theirs.exists(), "the end of the account")


def leave_later() -> None:
    go(people.TOM, 5000)
    leave(people.TOM, "after_rest")


# The latest act of each traveller comes last; who is in one scene is in no other of that day.
SCENES = (
    Scene(85, "Yusuf keeps a number", partial(use_number, people.YUSUF)),
    Scene(16, "Aiko is in France", partial(go, people.AIKO, 4000, "FR", "first")),
    Scene(9, "Nils is in Asia", partial(go, people.NILS, 4000, "TH")),
    Scene(9, "Hana is in Portugal", partial(go, people.HANA, 2000, "PT")),
    Scene(9, "Petra uses all she bought", partial(go, people.PETRA, 5000, "ES")),
    Scene(9, "Pia pauses", pause),
    Scene(9, "Aiko is in Germany", partial(go, people.AIKO, 3000, "DE", "second")),
    Scene(8, "Portugal is without network", outage),
    Scene(6, "Lena is on her way", partial(go, people.LENA, 4000, "AT")),
    Scene(1, "Petra leaves", leave_at_once),
    Scene(1, "Lena is in Vienna", partial(use_more, people.LENA, 7500, "AT")),
    Scene(1, "Rosa gets an offer", bargain),
    Scene(1, "Karim waits for his bank", slow_bank),
    Scene(1, "Igor's bank disputes", dispute),
    Scene(0, "Mei uses a quarter", partial(go, people.MEI, 2500)),
    Scene(0, "Lena has used half", partial(use_more, people.LENA, 10000, "AT")),
    Scene(0, "Ben has a code", partial(buy, people.BEN)),
    Scene(0, "Carla gets money back", carla),
    Scene(0, "Dan waits for a person", dan),
    Scene(0, "Wei keeps a number", partial(keep_number, people.WEI)),
    Scene(0, "Yi-Chun's family travels", family),
    Scene(0, "Aiko is in Spain", partial(go, people.AIKO, 1000, "ES", "third")),
    Scene(0, "Omar fills his wallet", fill_wallet),
    Scene(0, "Zoe tries for free", free_trial),
    Scene(0, "Tom is leaving", leave_later),
)
