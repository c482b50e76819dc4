"""All that speaks for us in a dispute, as one ZIP to hand to the provider: hashed, complete."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.conversations import queries as conversations
from fairroam.apps.customers.models import User
from fairroam.apps.esims import queries as esims
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.metering import queries as metering
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.queries import OrderPage
from fairroam.apps.papers import queries as papers
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Dispute
from fairroam.apps.payments.queries import desk
from fairroam.apps.refunds import queries as refunds
from fairroam.clock import now
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only(role="senior")
@require_safe
def file(request: HttpRequest, staff: User, dispute_id: int) -> HttpResponse:
    """The file of one dispute, made anew from what is known now; the journal says who took it."""
    dispute = desk.disputes().filter(pk=dispute_id).first()
    if dispute is None:
        raise NotAmongYours
    answer = HttpResponse(packed(contents(dispute, staff)), content_type="application/zip")
    payments.record_file_given(dispute_id=dispute.pk, staff_user_id=staff.pk, now=now())
    answer["Content-Disposition"] = f'attachment; filename="dispute-{dispute.pk}.zip"'
    return answer


def packed(files: Iterator[tuple[str, object]]) -> bytes:
    """A ZIP of JSON files and a manifest with the SHA-256 of each."""
    written, hashes = io.BytesIO(), {}
    with ZipFile(written, "w", ZIP_DEFLATED) as archive:
        for name, content in files:
            text = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
            archive.writestr(name, text)
            hashes[name] = hashlib.sha256(text.encode()).hexdigest()
        archive.writestr("manifest.json", json.dumps({"sha256": hashes}, indent=2))
    return written.getvalue()


def contents(dispute: Dispute, staff: User) -> Iterator[tuple[str, object]]:
    """The dispute; of an order what was bought under which terms, used, said and decided."""
    yield (
        "dispute.json",
        {
            "provider": dispute.provider,
            "reference": dispute.provider_ref,
            "amount_minor": dispute.amount_minor,
            "currency": dispute.currency,
            "heard_at": dispute.heard_at,
            "captured_minor": dispute.payment.captured_minor,
        },
    )
    order = orders.order_of_payment(dispute.payment_id)
    if order is None:
        return
    shown = asdict(order)
    del shown["pay_url"]
    yield "order.json", shown
    yield "terms.json", terms_of(order)
    lines = {line.id for line in order.lines}
    yield "use.json", [use_of(line_id, order.zone) for line_id in sorted(lines)]
    yield (
        "papers.json",
        [
            paper.signed
            for paper in papers.papers_of(order.customer_id)
            if order.invoice_number and about(paper, order.invoice_number)
        ],
    )
    asked = [row for row in refunds.refunds_of(order.customer_id) if row.order_line_id in lines]
    yield "decisions.json", [asdict(row.decision) for row in asked if row.decision]
    yield "conversations.json", said_by(order, staff)


def about(paper: Any, invoice: str) -> bool:
    """Whether a paper is that invoice or refers to it."""
    return invoice in (paper.number, paper.refers_to.number if paper.refers_to else "")


def terms_of(order: OrderPage) -> dict[str, object]:
    """The boxes that were ticked, with their words, and the packs that the order froze."""
    return {
        "consents": [
            {"kind": one.kind, "words": one.words, "given_at": one.given_at}
            for one in orders.consents_of(order.id)
        ],
        "packs": {name: catalogue.pack_content(name) for name in order.packs},
    }


def use_of(order_line_id: int, zone: str) -> dict[str, object]:
    """What the carrier told of the eSIM, and what was counted, by day and country."""
    return {
        "order_line": order_line_id,
        "activation": asdict(esims.facts_of(orders.base_of(order_line_id))),
        "use": asdict(metering.usage_of(order_line_id)),
        "days": [asdict(day) for day in metering.days_of_use(order_line_id, zone=zone)],
    }


def said_by(order: OrderPage, staff: User) -> list[dict[str, object]]:
    """Conversations since the order was placed, as far as this colleague may open them."""
    threads = conversations.threads_about(staff_user_id=staff.pk, customer_id=order.customer_id)
    return [
        {
            "author": message.author,
            "channel": message.channel,
            "received_at": message.received_at,
            "words": message.words,
        }
        for thread in reversed(threads)
        if thread.may_open
        for message in conversations.messages_of(thread.id)
        if message.received_at >= order.placed_at
    ]
