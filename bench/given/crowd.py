"""A cast whom one outage hits, which really bought, used and paid; `copies` makes a crowd of it."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import datetime, timedelta
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

from django.db import connection  # noqa: E402

from fairroam.apps.customers import operations as customers  # noqa: E402
from fairroam.apps.esims import operations as esims  # noqa: E402
from fairroam.apps.incidents import operations as incidents  # noqa: E402
from fairroam.apps.incidents.operations import Report  # noqa: E402
from fairroam.apps.metering import operations as metering  # noqa: E402
from fairroam.apps.orders import operations as orders  # noqa: E402
from fairroam.apps.orders import queries as order_queries  # noqa: E402
from fairroam.apps.payments import operations as payments  # noqa: E402
from fairroam.apps.payments.models import Payout  # noqa: E402
from fairroam.apps.refunds import operations as refunds  # noqa: E402
from fairroam.apps.refunds.models import RefundRun  # noqa: E402
from fairroam.apps.refunds.operations import everyone  # noqa: E402
from fairroam.apps.wallet import operations as wallet  # noqa: E402
from fairroam.gateways.lines import NetworkRecord, RecordKind  # noqa: E402
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus  # noqa: E402
from fairroam.rules.money import Money  # noqa: E402
from fairroam.web.demo import shop  # noqa: E402

# When they buy; who looks at pages of today lets them buy lately.
NOON = datetime.fromisoformat(os.environ.get("BENCH_NOON", "2026-11-02T12:00:00+00:00"))
FAILS, ENDS = NOON + timedelta(days=5), NOON + timedelta(days=9)
EARLIER = NOON + timedelta(days=2)  # a first failure, of a day: already paid back to some
LATER = NOON + timedelta(days=20)
CREDIT = 1000  # minor units
CONSENTS = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "as shown")

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
    buyer: int | None = None,
) -> int:
    """A line that was really bought, and used in Japan until an hour before the failure.

    credit: what the buyer paid into a wallet before, which pays first. buyer: the number of one
    of the cast, who buys another line.
    """
    wallet_of = top_up(number, residence, language, credit) if credit else None
    order = orders.place_order(
        plan_code=plan,
        quantity=1,
        email=f"cast{number if buyer is None else buyer}@example.com",
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
    pay_out()


def pay_out() -> None:
    """All money that is owed leaves and arrives."""
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


# The incident ------------------------------------------------------------------------------------


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
