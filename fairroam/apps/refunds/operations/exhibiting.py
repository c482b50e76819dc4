"""Take in what a customer shows of a plan: with the request, at a trouble, or later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from fairroam.apps.conversations.operations import NewFile
from fairroam.apps.customers import operations as customers
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds.models import Exhibit
from fairroam.apps.refunds.refusals import TooManyFiles

FILES_MAX = 20  # of one order line


@transaction.atomic
def add_files(
    *, order_line_id: int, customer_id: int, files: Sequence[NewFile], now: datetime
) -> None:
    """Keep files about a plan; one that is there already, to the byte, is not kept again.

    Raises NotAmongYours, TooManyFiles, AccountClosed; StoreFull.
    """
    customers.lock_open(customer_id)
    if orders.terms_of(order_line_id).customer_id != customer_id:
        raise NotAmongYours(order_line_id=order_line_id)
    there = Exhibit.objects.filter(order_line_id=order_line_id)
    known = set(there.values_list("evidence__kept_sha256", flat=True))
    for new in files:
        if new.file.kept_sha256 in known:
            continue
        if len(known) == FILES_MAX:
            raise TooManyFiles(order_line_id=order_line_id, most=FILES_MAX)
        kept = evidence.keep(
            new.file,
            kind=new.kind,
            name=new.name,
            customer_id=customer_id,
            uploaded_by=f"customer:{customer_id}",
            now=now,
        )
        Exhibit.objects.create(evidence=kept, order_line_id=order_line_id)
        known.add(new.file.kept_sha256)
