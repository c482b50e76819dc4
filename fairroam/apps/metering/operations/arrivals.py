"""Records as they arrive: recognised by their content, sifted from what came before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.db import connection
from msgspec import Struct

from fairroam.gateways.lines import NetworkRecord


class Arrival(Struct):
    """A record on its way into the books, and what becomes of it.

    corrects: (source, record id) of the record that a negative quantity takes back from.
    shares: (order line of the pack, quantity), for what counts. Plain and mutable, because a
    file has millions of them.
    """

    record_id: str
    iccid: str
    kind: str
    quantity: int
    started_at: datetime
    ended_at: datetime
    country: str
    operator: str
    corrects: tuple[str, str] | None
    digest: bytes
    outcome: str = "counted"
    line_id: int | None = None
    profile_id: int | None = None
    shares: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Sifted:
    """fresh: came for the first time. contradicting: the id is known, the content is another."""

    fresh: list[Arrival]
    contradicting: list[Arrival]
    repeated: int


def arrival_of(record: NetworkRecord) -> Arrival:
    """A record as a gateway gives it. PostgreSQL keeps no zero byte: strangers' texts lose it."""
    operator = record.operator.replace("\0", "")
    return Arrival(
        record_id=record.record_id.replace("\0", ""),
        iccid=record.iccid,
        kind=str(record.kind),
        quantity=record.quantity,
        started_at=record.started_at,
        ended_at=record.ended_at,
        country=record.country,
        operator=operator,
        corrects=record.corrects,
        digest=content_digest(
            record.iccid,
            str(record.kind),
            str(record.quantity),
            written(record.started_at),
            written(record.ended_at),
            record.country,
            operator,
            record.corrects,
        ),
    )


def written(moment: datetime) -> str:
    """An instant, the same text in whatever zone it was told."""
    return moment.astimezone(UTC).isoformat()


def content_digest(
    iccid: str,
    kind: str,
    quantity: str,
    started_at: str,
    ended_at: str,
    country: str,
    operator: str,
    corrects: tuple[str, str] | None,
) -> bytes:
    """SHA-256 of a record's content as JSON with sorted keys. Instants: as `written`.

    Put together by hand: all but the operator and the ids is plain, and files are long.
    """
    corrected = f'"corrects":{_as_json(corrects)},' if corrects else ""
    return sha256(
        f'{{{corrected}"country":"{country}","ended_at":"{ended_at}","iccid":"{iccid}",'
        f'"kind":"{kind}","operator":{_as_json(operator)},"quantity":{quantity},'
        f'"started_at":"{started_at}"}}'.encode()
    ).digest()


@lru_cache(maxsize=4_096)
def _as_json(texts: str | tuple[str, str]) -> str:
    return json.dumps(texts, ensure_ascii=False, separators=(",", ":"))


def content_of(arrival: Arrival) -> dict[str, Any]:
    """What a person at the desk sees of a quarantined record."""
    content: dict[str, Any] = {
        "iccid": arrival.iccid,
        "kind": arrival.kind,
        "quantity": arrival.quantity,
        "country": arrival.country,
        "operator": arrival.operator,
        "started_at": written(arrival.started_at),
        "ended_at": written(arrival.ended_at),
    }
    if arrival.corrects:
        content["corrects"] = list(arrival.corrects)
    return content


def lock_sources(source: str, arrivals: Iterable[Arrival]) -> None:
    """Let batches of one source wait for each other, and for those that they correct.

    Two copies of a file may come at once; a correction and its original, too. Names ascend, so
    that nobody waits in a ring.
    """
    named = {arrival.corrects[0] for arrival in arrivals if arrival.corrects}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('usage'), hashtext(name))"
            " FROM unnest(%s::text[]) AS name",
            [sorted(named | {source})],
        )


def sift(source: str, arrivals: Sequence[Arrival]) -> Sifted:
    """Tell apart what is new, what came before, and what contradicts what came before.

    Of two contents under one id the first to arrive counts, in a batch as over the years.
    """
    same, other = _known(source, arrivals)
    contradicting = [arrivals[place] for place in other]
    repeated = len(same)
    if same or other:
        known = {*same, *other}
        arrivals = [one for place, one in enumerate(arrivals) if place not in known]
    first: dict[str, Arrival] = {}
    for one in arrivals:
        kept = first.setdefault(one.record_id, one)
        if kept is one:
            continue
        if kept.digest == one.digest:
            repeated += 1
        else:
            contradicting.append(one)
    return Sifted(fresh=list(first.values()), contradicting=contradicting, repeated=repeated)


def _known(source: str, arrivals: Sequence[Arrival]) -> tuple[list[int], list[int]]:
    """The places of those whose id we have: (with the same content, with another one).

    One look into the unique index for each, whatever the planner thinks of a long list.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(array_agg(place - 1) FILTER (WHERE kept = digest), '{}'),
                   coalesce(array_agg(place - 1) FILTER (WHERE kept <> digest), '{}')
            FROM (
                SELECT place, digest, (
                    SELECT content_sha256 FROM metering_usagerecord
                    WHERE source = %s AND record_id = came.record_id) AS kept
                FROM unnest(%s::text[], %s::bytea[])
                    WITH ORDINALITY AS came (record_id, digest, place)) looked_up
            WHERE kept IS NOT NULL
            """,
            [source, [one.record_id for one in arrivals], [one.digest for one in arrivals]],
        )
        same, other = cursor.fetchone()
    return same, other
