"""Failures of the network, and the sightings that say who was there."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from fairroam.apps.esims.models import Profile
from fairroam.apps.incidents import operations
from fairroam.apps.incidents.models import Incident
from fairroam.apps.incidents.operations import Report
from fairroam.apps.metering import operations as metering
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.lines import NetworkRecord, RecordKind

DAY = timedelta(days=1)
STAFF = "staff:1"


def a_report(began_at: datetime, ended_at: datetime | None, **changes: object) -> Report:
    """What an operator writes of a failure in Japan."""
    return Report(
        **{
            "countries": ["JP"],
            "operators": [],
            "began_at": began_at,
            "ended_at": ended_at,
            "source": "https://status.example/42",
            "words": {"en": "No data in Japan.", "zh-Hans": "日本没有数据网络。"},
            **changes,
        }
    )


def an_outage(
    began_at: datetime, ended_at: datetime | None, *, stage: str = "confirmed", **changes: object
) -> Incident:
    """An incident, confirmed as soon as it was over."""
    now = ended_at or began_at
    incident = operations.declare(a_report(began_at, ended_at, **changes), actor=STAFF, now=now)
    if stage == "confirmed":
        incident = operations.move(incident.pk, "confirm", actor=STAFF, now=now)
    return incident


def see(
    line: OrderLine,
    at: datetime,
    *,
    country: str,
    kind: str = "data",
    quantity: int = 1_000,
    operator: str = "Example Mobile",
) -> None:
    """A network tells that the line's eSIM was there: it used something, or only attached."""
    iccid = Profile.objects.get(line_id=line.pk).iccid
    assert iccid is not None
    record = NetworkRecord(
        source="sandbox",
        record_id=str(uuid4()),
        iccid=iccid,
        kind=RecordKind(kind),
        quantity=0 if kind == "attach" else quantity,
        started_at=at,
        ended_at=at + timedelta(minutes=1),
        country=country,
        operator=operator,
    )
    metering.record_usage(source="sandbox", records=[record], now=at + timedelta(minutes=1))
