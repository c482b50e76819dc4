"""Reads of incidents: the public register, whom one hit, and which ones hit a line.

A line is hit when it was attached there while its plan ran: docs/incidents.md has the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from fairroam.apps.incidents.models import Incident
from fairroam.apps.incidents.refusals import NoSuchIncident
from fairroam.apps.journal.queries.planned import ANY_OF, Question, together
from fairroam.apps.journal.queries.rows import Rows
from fairroam.gateways.lines import COUNTRY_UNKNOWN

# A phone that was last seen there so shortly before was still there when the network failed.
SEEN_BEFORE_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """One incident. operators: empty = every network there; ended_at None: it goes on."""

    id: int
    countries: tuple[str, ...]
    operators: tuple[str, ...]
    began_at: datetime
    ended_at: datetime | None
    source: str
    words: dict[str, str]
    stage: str
    version: int
    declared_at: datetime
    changed_at: datetime

    @property
    def seconds(self) -> int | None:
        """How long it lasted; None while it goes on."""
        return int((self.ended_at - self.began_at).total_seconds()) if self.ended_at else None


@dataclass(frozen=True, slots=True)
class Hit:
    """A plan that ran, on an eSIM that was attached there, while the network failed."""

    order_line_id: int
    customer_id: int


@dataclass(frozen=True, slots=True)
class Outage:
    """When a confirmed incident kept a line from its network; until None: it goes on."""

    began_at: datetime
    until: datetime | None


def row(incident: Incident) -> IncidentRow:
    return IncidentRow(
        id=incident.pk,
        countries=tuple(incident.countries),
        operators=tuple(incident.operators),
        began_at=incident.began_at,
        ended_at=incident.ended_at,
        source=incident.source,
        words=incident.words,
        stage=incident.stage,
        version=incident.version,
        declared_at=incident.declared_at,
        changed_at=incident.changed_at,
    )


def incident(incident_id: int) -> IncidentRow:
    """One incident. Raises NoSuchIncident."""
    found = Incident.objects.filter(pk=incident_id).first()
    if found is None:
        raise NoSuchIncident(incident_id=incident_id)
    return row(found)


def incidents() -> Rows[IncidentRow]:
    """All incidents, the newest beginning first."""
    return Rows(Incident.objects.order_by("-began_at", "-pk"), row)


def suspected() -> QuerySet[Incident]:
    """Those that nobody has confirmed or dismissed."""
    return Incident.objects.filter(stage="suspected")


def public_incidents(*, since: datetime) -> list[IncidentRow]:
    """What anybody may know: all that still goes on, and what ended after `since`."""
    shown = Incident.objects.exclude(stage="dismissed").exclude(ended_at__lt=since)
    return [row(found) for found in shown.order_by("-began_at", "-pk")[:200]]


# The last sighting before the failure counts when it was there; so does any use during it.
IS_HIT = """
    FROM incidents_incident i
    JOIN metering_planperiod period ON period.during && tstzrange(i.began_at, i.ended_at)
    JOIN metering_planrun run ON run.order_line_id = period.order_line_id
    WHERE EXISTS (
        SELECT 1 FROM metering_usagerecord seen
        WHERE seen.order_line_id = run.line_id
          AND seen.started_at >= i.began_at - make_interval(hours => %s)
          AND (i.ended_at IS NULL OR seen.started_at < i.ended_at)
          AND seen.country = ANY (i.countries)
          AND (i.operators = '{}' OR seen.operator = ANY (i.operators))
          AND (seen.ended_at >= i.began_at OR NOT EXISTS (
                SELECT 1 FROM metering_usagerecord later
                WHERE later.order_line_id = run.line_id
                  AND later.started_at > seen.started_at AND later.started_at < i.began_at)))
"""
HITS = f"""
    SELECT DISTINCT run.order_line_id, run.customer_id {IS_HIT} AND i.id = %s
    ORDER BY run.customer_id, run.order_line_id
"""
# Used then, by a plan for one of these countries, on a network that nobody names.
MAYBE_HIT = f"""
    SELECT DISTINCT line_id FROM metering_planrun WHERE order_line_id IN (
        SELECT run.order_line_id
        FROM incidents_incident i
        JOIN metering_planperiod period ON period.during && tstzrange(i.began_at, i.ended_at)
        JOIN metering_planrun run ON run.order_line_id = period.order_line_id
        JOIN orders_orderline sold ON sold.id = run.order_line_id
        WHERE i.id = %s
          AND jsonb_exists_any(sold.plan_copy -> 'countries', i.countries::text[])
          AND EXISTS (
            SELECT 1 FROM metering_usagerecord seen
            WHERE seen.order_line_id = run.line_id
              AND seen.ended_at >= i.began_at - make_interval(hours => %s)
              AND (i.ended_at IS NULL OR seen.started_at < i.ended_at)
              AND (seen.country = %s
                   OR seen.operator = '' AND seen.country = ANY (i.countries)))
        EXCEPT SELECT run.order_line_id {IS_HIT} AND i.id = %s)
    ORDER BY line_id
"""  # noqa: S608 - no name comes from outside
OUTAGES = f"""
    SELECT DISTINCT run.order_line_id, i.began_at, i.ended_at {IS_HIT}
      AND i.stage = 'confirmed' AND run.order_line_id = {ANY_OF}
    ORDER BY i.began_at, i.ended_at
"""


def hits(incident_id: int) -> list[Hit]:
    """Whom an incident hit: order lines, by customer. Raises NoSuchIncident."""
    incident(incident_id)
    with connection.cursor() as cursor:
        cursor.execute(HITS, [SEEN_BEFORE_HOURS, incident_id])
        return [Hit(*found) for found in cursor.fetchall()]


def maybe_hit(incident_id: int) -> list[int]:
    """The eSIMs, by the order lines they were made for, that an incident may have hit, too.

    Their plans were used then, and the supplier does not say in which of their countries, or on
    whose network. A person must ask: no rule gives them anything.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            MAYBE_HIT,
            [incident_id, SEEN_BEFORE_HOURS, COUNTRY_UNKNOWN, SEEN_BEFORE_HOURS, incident_id],
        )
        return [line_id for (line_id,) in cursor.fetchall()]


def outages_of(order_line_ids: Sequence[int]) -> dict[int, list[Outage]]:
    """The confirmed incidents that hit each of these lines; lines without any are left out."""
    (found,) = together(outages_asked(order_line_ids))
    outages: dict[int, list[Outage]] = found
    return outages


def outages_asked(order_line_ids: Sequence[int]) -> Question[dict[int, list[Outage]]]:
    """The question whose answer `outages_of` is."""
    return Question(OUTAGES, [SEEN_BEFORE_HOURS, list(order_line_ids)], read_outages)


def read_outages(rows: Sequence[dict[str, Any]]) -> dict[int, list[Outage]]:
    found: dict[int, list[Outage]] = {}
    for row in rows:
        until = datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None
        outage = Outage(datetime.fromisoformat(row["began_at"]), until)
        found.setdefault(row["order_line_id"], []).append(outage)
    return found


FAULTS = {
    "incident {} is in a stage that the journal does not know": """
        SELECT i.id FROM incidents_incident i WHERE NOT EXISTS (
            SELECT 1 FROM journal_event e WHERE e.kind LIKE 'incident.%'
              AND (e.facts ->> 'incident_id')::bigint = i.id AND e.facts ->> 'stage' = i.stage
              AND (e.facts ->> 'version')::int = i.version)""",
}


def find_faults() -> Iterator[str]:
    """What contradicts the journal; each line is a sentence."""
    with connection.cursor() as cursor:
        for sentence, query in FAULTS.items():
            cursor.execute(query)
            yield from (sentence.format(found[0]) for found in cursor.fetchall())
