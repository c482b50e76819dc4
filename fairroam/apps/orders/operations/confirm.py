"""An order is paid: capture, books and invoice in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as people
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.orders.models import UNUSED, Order, OrderLine, Tender
from fairroam.apps.orders.operations.tenders import capture_entries, causes_of, tenders_of
from fairroam.apps.papers import operations as papers
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.queries.providers import method_name
from fairroam.apps.wallet import operations as wallet
from fairroam.rules import stages
from fairroam.rules.money import Money


def move(order: Order, name: str) -> None:
    """Make a move of the order's stage table on a locked order, and save it."""
    order.stage = stages.next_stage(stages.ORDER, order.stage, name)
    if order.stage in ("fulfilled", "failed", "cancelled"):
        order.is_live = None
    if order.stage in UNUSED:
        order.promo_use = None
    order.save(update_fields=["stage", "is_live", "promo_use"])


@transaction.atomic
def confirm_payment(
    *, payment_id: int, amount: Money, provider_ref: str, now: datetime
) -> Order | None:
    """The order is paid: capture, books and invoice in one transaction. None for a repeat.

    An order that was cancelled lives again when it is paid after all, unless its credit was spent
    on something else or its buyer is leaving: then the money goes back. Under an account that has
    closed meanwhile it goes to suspense, and a person gives it back.
    """
    owner_id = Order.objects.values_list("customer_id", flat=True).get(payment_id=payment_id)
    owner = customers.lock(owner_id)
    order = Order.objects.select_for_update(no_key=True).get(payment_id=payment_id)
    is_first = payments.record_captured(
        payment_id=payment_id, amount=amount, provider_ref=provider_ref, now=now
    )
    if not is_first:
        return None
    if not owner.is_open:
        payments.keep_late_capture(payment_id=payment_id, now=now)
        return None
    is_cancelled = order.stage == "cancelled"
    if owner.leaving_at or (
        is_cancelled and not wallet.reserve_again(causes=causes_of(order), now=now)
    ):
        payments.send_back_capture(payment_id=payment_id, act=f"order:{order.pk}", now=now)
        return None
    conclude(order, now)
    return order


def conclude(order: Order, now: datetime) -> None:
    """The contract stands: tenders, books, invoice, and the event that starts delivery."""
    order.paid_at = order.concluded_at = now
    if order.stage == "cancelled":
        order.stage, order.is_live = "awaiting_payment", True
    lines = list(order.lines.select_related("order__payment").order_by("position"))
    tenders = Tender.objects.bulk_create(tenders_of(order, lines, now))
    by_line = {line.pk: [one for one in tenders if one.line_id == line.pk] for line in lines}
    ledger.post(
        [entry for line in lines for entry in capture_entries(line, by_line[line.pk])], now=now
    )
    order.invoice = papers.issue(
        kind="invoice",
        statement=invoice(order, lines, tenders),
        language=order.language,
        customer_id=order.customer_id,
        now=now,
    )
    order.save(update_fields=["paid_at", "concluded_at", "invoice"])
    move(order, "confirm_payment")
    journal.tell(
        "order.paid",
        actor=f"customer:{order.customer_id}",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        order_line_ids=[line.pk for line in lines],
    )


def buyer(order: Order) -> dict[str, str]:
    """The business that the customer named for invoices, else the customer's number."""
    business = people.billing_of(order.customer_id)
    if business is None:
        return {"name": order.customer.number, "country": order.residence[:2]}
    return {
        "name": business.company,
        "address": business.address,
        "country": business.country,
        "tax_number": business.tax_number,
    }


def invoice(order: Order, lines: list[OrderLine], tenders: Sequence[Tender]) -> dict[str, Any]:
    """The invoice's content, as `papers` wants it."""

    def amount(minor: int) -> Money:
        return Money(minor, order.currency)

    sums: dict[str, int] = {}
    for tender in tenders:
        sums[tender.method] = sums.get(tender.method, 0) + tender.captured_minor
    with translation.override(order.language.lower()):
        paid_by = [
            {"text": method_name(method), "amount": amount(minor)} for method, minor in sums.items()
        ]
    return {
        "order": order.number,
        "zone": order.zone,
        "buyer": buyer(order),
        "lines": [
            {
                "description": line.plan_name(order.language),
                "gross": amount(line.price_minor),
                "net": amount(line.price_minor - line.tax_minor),
                "tax": amount(line.tax_minor),
            }
            for line in lines
        ],
        "total": amount(order.total_minor),
        "tax": amount(sum(line.tax_minor for line in lines)),
        "tax_rate": lines[0].tax_rate,
        "paid_by": paid_by,
        "terms": lines[0].packs,
    }
