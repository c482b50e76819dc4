"""Records as they arrive: recognised by their content, sifted from what came before."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.json import decode, encode

from fairroam.apps.esims.queries import ProfileOwner
from fairroam.apps.journal.queries.planned import ask
from fairroam.gateways.lines import NetworkRecord

LOCK = """
    SELECT pg_advisory_xact_lock(hashtext('usage'), hashtext(name))
    FROM json_array_elements_text(%s) AS name
"""
# The list is hidden from the planner: it takes it for a short one and looks into the index, where
# it goes on from one id to the next.
KNOWN = """
    WITH came AS MATERIALIZED (SELECT ARRAY(SELECT json_array_elements_text(%s)) AS ids)
    SELECT (SELECT json_object_agg(record_id, encode(content_sha256, 'hex'))
            FROM metering_usagerecord
            WHERE source = %s AND record_id = ANY ((SELECT ids FROM came)::text[]))::text,
           (SELECT json_agg(corrects_record_id) FROM metering_usagerecord
            WHERE outcome = 'waiting' AND corrects_source = %s
              AND corrects_record_id = ANY ((SELECT ids FROM came)::text[]))::text
"""


class Arrival(Struct, gc=False):
    """A record on its way into the books, and what becomes of it.

    started, ended: as `written`, ready for the digest and the row. corrects: (source, record id)
    of the record that a negative quantity takes back from. digest: `content_digest`, in hex.
    What counts burned in one pack (its order line: pack_id), or in several (shares: pack_id and
    quantity of each). Plain and mutable, because a file has millions of them.
    """

    record_id: str
    iccid: str
    kind: str
    quantity: int
    started_at: datetime
    started: str
    ended: str
    country: str
    operator: str
    corrects: tuple[str, str] | None
    digest: str
    outcome: str = "counted"
    line_id: int | None = None
    owner: ProfileOwner | None = None
    pack_id: int | None = None
    shares: tuple[tuple[int, int], ...] = ()

    def burn_in(self, shares: list[tuple[int, int]]) -> None:
        """Keep where it burned."""
        if len(shares) == 1:
            self.pack_id = shares[0][0]
        else:
            self.shares = tuple(shares)


@dataclass(frozen=True, slots=True)
class Sifted:
    """fresh: came for the first time. contradicting: the id is known, the content is another.

    awaited: ids that corrections kept before wait for.
    """

    fresh: list[Arrival]
    contradicting: list[Arrival]
    repeated: int
    awaited: set[str]


def arrival_of(record: NetworkRecord) -> Arrival:
    """A record as a gateway gives it. PostgreSQL keeps no zero byte: strangers' texts lose it."""
    operator = record.operator.replace("\0", "")
    started, ended = written(record.started_at), written(record.ended_at)
    kind = str(record.kind)
    return Arrival(
        record_id=record.record_id.replace("\0", ""),
        iccid=record.iccid,
        kind=kind,
        quantity=record.quantity,
        started_at=record.started_at,
        started=started,
        ended=ended,
        country=record.country,
        operator=operator,
        corrects=record.corrects,
        digest=content_digest(
            record.iccid,
            kind,
            record.quantity,
            started,
            ended,
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
    quantity: int,
    started: str,
    ended: str,
    country: str,
    operator: str,
    corrects: tuple[str, str] | None,
) -> str:
    """SHA-256 of a record's content as JSON with sorted keys. Instants: as `written`.

    Put together by hand: all but the operator and the ids is plain, and files are long.
    """
    corrected = f'"corrects":{_as_json(corrects)},' if corrects else ""
    return sha256(
        f'{{{corrected}"country":"{country}","ended_at":"{ended}","iccid":"{iccid}",'
        f'"kind":"{kind}","operator":{_as_json(operator)},"quantity":{quantity},'
        f'"started_at":"{started}"}}'.encode()
    ).hexdigest()


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
        "started_at": arrival.started,
        "ended_at": arrival.ended,
    }
    if arrival.corrects:
        content["corrects"] = list(arrival.corrects)
    return content


def ask_known(source: str, arrivals: Sequence[Arrival]) -> Callable[[], Sifted]:
    """Tell apart what is new, what came before, and what contradicts what came before.

    Batches of one source wait for each other from here on, and for those that they correct: two
    copies of a file may come at once, a correction and its original, too. The sources are locked
    in the order of their names, so that nobody waits in a ring, and by a statement of its own,
    whose successor sees what was committed meanwhile. The ids are looked up in the order of the
    index, so that neighbours are found on one page. The function returned waits for the answer.
    """
    sources = {source} | {one.corrects[0] for one in arrivals if one.corrects}
    ask(LOCK, encode(sorted(sources)).decode())
    ids = encode(sorted({one.record_id for one in arrivals})).decode()
    rows = ask(KNOWN, ids, source, source)
    return lambda: _sift(arrivals, *rows()[0])


def _sift(arrivals: Sequence[Arrival], known: str | None, awaited: str | None) -> Sifted:
    """Of two contents under one id the first to arrive counts, in a batch as over the years.

    known: JSON of the digests that we have, by id; awaited: of the ids that corrections wait for.
    """
    digests: dict[str, str] = decode(known) if known else {}
    fresh, contradicting, repeated = [], [], 0
    for one in arrivals:
        kept = digests.get(one.record_id)
        if kept is None:
            digests[one.record_id] = one.digest
            fresh.append(one)
        elif kept == one.digest:
            repeated += 1
        else:
            contradicting.append(one)
    return Sifted(fresh, contradicting, repeated, set(decode(awaited)) if awaited else set())
