"""The list of our true channels, and what others report as false."""

from __future__ import annotations

import json
from datetime import datetime

from django.conf import settings
from django.db import transaction

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.journal import operations as journal
from fairroam.apps.papers.models import Channel, FakeReport
from fairroam.apps.papers.operations.keys import ensure_signing_key
from fairroam.apps.papers.queries.channels import channels, plain
from fairroam.apps.papers.refusals import ChannelListed, ReportSettled
from fairroam.proof import sign
from fairroam.rules.instants import as_instant, write_instant


def signed_channels(*, now: datetime) -> str:
    """The list as a signed statement (JSON): anybody can keep it and check it offline."""
    statement = {
        "kind": "channels",
        "issued_at": write_instant(as_instant(now)),
        "seller": catalogue.brand().legal_name,
        "channels": [{"kind": one.kind, "address": one.address} for one in channels()],
        "keys": f"{settings.FAIRROAM_ADDRESS}/.well-known/fairroam-keys.json",
    }
    document = sign(statement, ensure_signing_key(now=now))
    return json.dumps(document, ensure_ascii=False, indent=2)


@transaction.atomic
def add_channel(*, kind: str, address: str, actor: str, now: datetime) -> Channel:
    """List a way to reach us. Raises ChannelListed."""
    assert kind in Channel.KINDS, kind
    if any(plain(one.address) == plain(address) for one in channels()):
        raise ChannelListed
    channel = Channel.objects.create(kind=kind, address=address.strip(), since=now)
    journal.tell("channel.added", actor=actor, now=now, channel_id=channel.pk)
    return channel


@transaction.atomic
def end_channel(*, channel_id: int, actor: str, now: datetime) -> None:
    """Take a channel off the list; a repeat changes nothing."""
    if Channel.objects.filter(pk=channel_id, until__isnull=True).update(until=now):
        journal.tell("channel.ended", actor=actor, now=now, channel_id=channel_id)


@transaction.atomic
def report_fake(*, what: str, words: str, now: datetime) -> FakeReport:
    """Keep what somebody saw; a person looks at it."""
    report = FakeReport.objects.create(what=what.strip(), words=words.strip(), reported_at=now)
    journal.tell("fake.reported", actor="visitor", now=now, report_id=report.pk)
    return report


@transaction.atomic
def settle_report(*, report_id: int, is_fake: bool, actor: str, now: datetime) -> None:
    """A person looked: it is a fake, and everybody may know, or it is not. Raises ReportSettled."""
    stage = "confirmed" if is_fake else "dismissed"
    waiting = FakeReport.objects.filter(pk=report_id, stage="reported")
    if waiting.update(stage=stage, settled_at=now, settled_by=actor) != 1:
        raise ReportSettled(report_id=report_id)
    journal.tell("fake.settled", actor=actor, now=now, report_id=report_id, is_fake=is_fake)
