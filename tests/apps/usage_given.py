"""Lines with two packs, records of their use, and all that counting them leaves behind."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F

from fairroam.apps.esims.models import ActivationFact
from fairroam.apps.journal.models import Event
from fairroam.apps.ledger.models import Book
from fairroam.apps.metering import operations
from fairroam.apps.metering.models import (
    BadRow,
    Meter,
    PlanPeriod,
    QuarantinedRecord,
    UsageRecord,
    UsageShare,
)
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.lines import NetworkRecord, RecordKind
from tests import given
from tests.apps.lines_given import a_ready_line
from tests.given import NOON

GB = 10**9
LATER = NOON + timedelta(days=20)
SOURCE = "network"
HEADER = ",".join([*operations.COLUMNS, "corrects"]) + "\n"


@dataclass(frozen=True)
class Bytes:
    """A file as the import reads it."""

    content: bytes

    def read(self, at: int, size: int) -> bytes:
        return self.content[at : at + size]


def a_pack_on(base: OrderLine, plan_code: str = "japan-10gb-30d") -> OrderLine:
    """A paid pack that tops the eSIM of `base` up."""
    order = orders.place_order(
        plan_code=plan_code,
        quantity=1,
        email="ada@example.com",
        residence="DE",
        language="en",
        consents=given.CONSENTS,
        key=uuid4(),
        now=NOON,
        tops_up=base.pk,
    )
    pack = given.pay(order, now=NOON).lines.get()
    operations.open_meters(order_line_id=pack.pk, now=NOON)
    return pack


def a_line_with_two_packs() -> tuple[OrderLine, OrderLine]:
    """Data, voice and messages, on an eSIM that takes data packs; and one of these."""
    base = a_ready_line("usa-talk-30d")
    base.plan_copy["profile_type"] = "travel-data"
    base.save(update_fields=["plan_copy"])
    return base, a_pack_on(base)


def iccid_of(base: OrderLine) -> str:
    iccid = base.line.profiles.get().iccid
    assert iccid is not None
    return iccid


def record(iccid: str, name: str, **words: Any) -> NetworkRecord:
    """A gigabyte of data an hour after NOON, unless other words are given."""
    at: datetime = words.pop("at", NOON + timedelta(hours=1))
    fields: dict[str, Any] = {
        "source": SOURCE,
        "record_id": name,
        "iccid": iccid,
        "kind": RecordKind.DATA,
        "quantity": GB,
        "started_at": at,
        "ended_at": at,
        "country": "JP",
        "operator": 'Example "Mobile", Ltd \\ Co',
    }
    return NetworkRecord(**(fields | words))


def correction(original: NetworkRecord, name: str, quantity: int) -> NetworkRecord:
    """Takes `quantity` back from `original`."""
    return record(
        original.iccid,
        name,
        at=original.started_at,
        kind=original.kind,
        quantity=-quantity,
        corrects=(SOURCE, original.record_id),
    )


def count(*records: NetworkRecord, now: datetime = LATER) -> operations.Counted:
    return operations.record_usage(source=SOURCE, records=records, now=now)


def as_row(one: NetworkRecord) -> str:
    operator = one.operator.replace('"', '""')
    corrected = one.corrects[1] if one.corrects else ""
    return (
        f"{one.record_id},{one.iccid},{one.kind},{one.quantity},{one.started_at.isoformat()},"
        f'{one.ended_at.isoformat()},{one.country},"{operator}",{corrected}\n'
    )


def import_file(*records: NetworkRecord, chunk_bytes: int = 10**6) -> None:
    """Count the records as one file, in chunks of about so many bytes."""
    content = (HEADER + "".join(map(as_row, records))).encode()
    opened = operations.open_import(
        source=SOURCE,
        name="usage.csv",
        content_sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        now=LATER,
    )
    for chunk in operations.read_chunks(opened.pk, Bytes(content), chunk_bytes=chunk_bytes):
        operations.count_chunk(opened.pk, chunk, now=LATER)  # not for a file that came before
    assert not BadRow.objects.exists()


def used(*packs: OrderLine, kind: str = "data") -> list[int]:
    return [Meter.objects.get(order_line=pack, kind=kind).used for pack in packs]


def books() -> dict[str, Any]:
    """What counting leaves behind, whatever the batches and the order of arrival."""
    customers = Book.objects.filter(balance_minor__isnull=False)
    quarantined = QuarantinedRecord.objects.values_list("record_id", "reason", "content__quantity")
    records = UsageRecord.objects.values_list("record_id", "order_line_id", "outcome", "quantity")
    return {
        "meters": sorted(Meter.objects.values_list("order_line_id", "kind", "used")),
        "unearned": sorted(customers.values_list("order_line_id", "balance_minor")),
        "quarantine": sorted(quarantined),
        "records": sorted(records, key=str),
        "facts": sorted(ActivationFact.objects.values_list("profile_id", "kind", "happened_at")),
    }


def told() -> list[tuple[str, str]]:
    """Which events, of which pack and kind of use."""
    kinds = ("usage.low", "usage.used_up", "plan.started", "profile.fact")
    rows = Event.objects.filter(kind__in=kinds).values_list("kind", "facts")
    return sorted((kind, str(facts | {"used": None})) for kind, facts in rows)


def details() -> dict[str, Any]:
    """What depends on the batches, too: shares, periods, marks and the figures that were told."""
    shares = UsageShare.objects.values_list("record__record_id", "order_line_id", "quantity")
    periods = PlanPeriod.objects.values_list("order_line_id", "during")
    burned = UsageRecord.objects.values_list("record_id", "pack_id")
    marks = Meter.objects.values_list("pk", "marks_told")
    events = Event.objects.values_list("kind", "facts")
    contents = UsageRecord.objects.annotate(digest=F("content_sha256"))
    return {
        **books(),
        "shares": sorted(shares),
        "periods": sorted(periods, key=str),
        "burned": sorted(burned, key=str),
        "marks": sorted(marks),
        "events": sorted((kind, str(facts)) for kind, facts in events),
        "contents": sorted(
            (one.record_id, bytes(one.digest), one.iccid, one.operator, one.started_at)
            for one in contents
        ),
    }
