"""Write down where and when the network failed; each act is told with who did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from fairroam.apps.incidents.models import Incident
from fairroam.apps.incidents.refusals import IncidentChanged, NoSuchIncident, NotYetOver
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed
from fairroam.rules import stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is known of a failure. operators: empty = every network there; ended_at None: goes on.

    words: for the public, per language, "en" at least.
    """

    countries: Sequence[str]
    operators: Sequence[str]
    began_at: datetime
    ended_at: datetime | None
    source: str
    words: Mapping[str, str]


@transaction.atomic
def declare(report: Report, *, actor: str, now: datetime) -> Incident:
    """Open an incident; it is suspected until somebody confirms it. Raises NotYetOver."""
    refuse_future(report, now)
    incident = Incident.objects.create(**asdict(report), declared_at=now, changed_at=now)
    tell(incident, "incident.declared", actor=actor, now=now)
    return incident


@transaction.atomic
def correct(
    incident_id: int, report: Report, *, seen_version: int, actor: str, now: datetime
) -> Incident:
    """Write down what is known better by now; the end of one that went on, for example.

    seen_version: of the page that was changed. Raises NoSuchIncident, NotYetOver,
    IncidentChanged, MoveNotAllowed for one that was dismissed.
    """
    refuse_future(report, now)
    incident = lock(incident_id)
    if incident.version != seen_version:
        raise IncidentChanged(incident_id=incident_id)
    if incident.stage == "dismissed":
        raise MoveNotAllowed(incident_id=incident_id, stage=incident.stage)
    for name, value in asdict(report).items():
        setattr(incident, name, value)
    incident.version += 1
    incident.changed_at = now
    incident.save()
    tell(incident, "incident.corrected", actor=actor, now=now)
    return incident


@transaction.atomic
def move(incident_id: int, step: str, *, actor: str, now: datetime) -> Incident:
    """Confirm an incident, or dismiss one that was none. Raises NoSuchIncident, MoveNotAllowed."""
    incident = lock(incident_id)
    try:
        incident.stage = stages.next_stage(stages.INCIDENT, incident.stage, step)
    except stages.MoveNotAllowed:
        raise MoveNotAllowed(incident_id=incident_id, stage=incident.stage) from None
    incident.version += 1
    incident.changed_at = now
    incident.save(update_fields=["stage", "version", "changed_at"])
    tell(incident, f"incident.{incident.stage}", actor=actor, now=now)
    return incident


def lock(incident_id: int) -> Incident:
    """Lock an incident until the transaction ends. Raises NoSuchIncident."""
    incident = Incident.objects.select_for_update(no_key=True).filter(pk=incident_id).first()
    if incident is None:
        raise NoSuchIncident(incident_id=incident_id)
    return incident


def refuse_future(report: Report, now: datetime) -> None:
    assert report.words.get("en"), "English words are the ones that are always there"
    if max(report.began_at, report.ended_at or report.began_at) > now:
        raise NotYetOver(now=now.isoformat())


def tell(incident: Incident, kind: str, *, actor: str, now: datetime) -> None:
    """Every version stands in the journal, so that each can be read later."""
    journal.tell(
        kind,
        actor=actor,
        now=now,
        incident_id=incident.pk,
        version=incident.version,
        stage=incident.stage,
        countries=list(incident.countries),
        operators=list(incident.operators),
        began_at=incident.began_at.isoformat(),
        ended_at=incident.ended_at.isoformat() if incident.ended_at else None,
    )
