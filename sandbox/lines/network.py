"""Lines, what they used, and who may stop them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from msgspec import Meta, Struct

from sandbox import clock
from sandbox.hooks import EVENTS, Hooks
from sandbox.serving import EffectLog, Problem
from sandbox.store import Store

SCHEMA = (
    EVENTS
    + """
CREATE TABLE IF NOT EXISTS lines (
    iccid TEXT PRIMARY KEY, state TEXT NOT NULL, first_attach_at TEXT, country TEXT, operator TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS preferences (
    iccid TEXT NOT NULL, country TEXT NOT NULL, operator TEXT NOT NULL,
    PRIMARY KEY (iccid, country)
) STRICT;
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, record_id TEXT NOT NULL UNIQUE,
    iccid TEXT NOT NULL, kind TEXT NOT NULL, quantity INTEGER NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL, country TEXT NOT NULL, operator TEXT NOT NULL
) STRICT;
"""
)
SOURCE = "sandbox"
PAGE_RECORDS_MAX = 500
IN_SERVICE = ("unknown", "active")  # A line is unknown until it attaches for the first time.

Iccid = Annotated[str, Meta(pattern="^[0-9]{18,20}$")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Operator = Annotated[str, Meta(min_length=1, max_length=100)]
Instant = Annotated[datetime, Meta(tz=True)]


class Attach(Struct, forbid_unknown_fields=True):
    """A phone looks for service; `at` is now when absent."""

    iccid: Iccid
    country: Country
    operator: Operator | None = None
    at: Instant | None = None


class Use(Struct, forbid_unknown_fields=True):
    """A phone used bytes of data, seconds of voice or messages; both instants are now if absent."""

    iccid: Iccid
    kind: Literal["data", "voice", "sms"]
    quantity: Annotated[int, Meta(ge=0, le=10**15)]
    country: Country
    operator: Operator | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None


class Preference(Struct, forbid_unknown_fields=True):
    """Which operator a line shall use in a country; an empty one is whichever comes first."""

    country: Country
    operator: Annotated[str, Meta(max_length=100)]


class Network:
    """Every method is called within an act of the store."""

    def __init__(self, store: Store, hooks: Hooks, effects: EffectLog) -> None:
        self._store = store
        self._hooks = hooks
        self._effects = effects

    def attach(self, asked: Attach) -> dict[str, Any]:
        """Give service, or none: a stopped line finds no network."""
        line = self.line(asked.iccid)
        if line["state"] not in IN_SERVICE:
            return {"service": "none", "state": line["state"]}
        at = asked.at or clock.now()
        self._send([self._attached(asked.iccid, asked.country, asked.operator, at)])
        return {"service": "ok"}

    def use(self, asked: Use) -> dict[str, Any]:
        """Count the use; a phone that is elsewhere than before attaches there first."""
        line = self.line(asked.iccid)
        if line["state"] not in IN_SERVICE:
            return {"service": "none", "state": line["state"]}
        ended_at = asked.ended_at or clock.now()
        started_at = asked.started_at or ended_at
        if started_at > ended_at:
            raise Problem(422, "ends_before_it_starts")
        operator = asked.operator or self._operator_in(asked.country, asked.iccid)
        records = []
        if (line["country"], line["operator"]) != (asked.country, operator):
            records.append(self._attached(asked.iccid, asked.country, operator, started_at))
        records.append(
            self._recorded(
                iccid=asked.iccid,
                kind=asked.kind,
                quantity=asked.quantity,
                started_at=started_at,
                ended_at=ended_at,
                country=asked.country,
                operator=operator,
            )
        )
        self._send(records)
        return {"service": "ok", "record_id": records[-1]["record_id"]}

    def line(self, iccid: str) -> dict[str, Any]:
        """Return the line, also one that was never seen."""
        seen = self._store.rows("SELECT * FROM lines WHERE iccid = ?", iccid)
        never_seen = {"state": "unknown", "first_attach_at": None, "country": "", "operator": ""}
        return seen[0] if seen else {"iccid": iccid, **never_seen}

    def suspend(self, iccid: str) -> dict[str, Any]:
        """No service until it is resumed."""
        return self._move(iccid, "suspend", "suspended")

    def resume(self, iccid: str) -> dict[str, Any]:
        """Service again."""
        line = self.line(iccid)
        if line["state"] in IN_SERVICE:
            return _seen(line)
        return self._move(iccid, "resume", "active" if line["first_attach_at"] else "unknown")

    def prefer(self, iccid: str, asked: Preference) -> dict[str, Any]:
        """Steer the line to an operator from its next attach on."""
        line = self.line(iccid)
        if line["state"] == "ended":
            raise Problem(409, "line_ended")
        if asked.operator != self._preferred(iccid, asked.country):
            self._store.database.execute(
                "REPLACE INTO preferences VALUES (?, ?, ?)",
                (iccid, asked.country, asked.operator),
            )
            self._effects.append(
                "prefer", iccid=iccid, country=asked.country, operator=asked.operator
            )
        return _seen(line)

    def end(self, iccid: str) -> dict[str, Any]:
        """No service ever again."""
        return self._move(iccid, "end", "ended")

    def records(self, since: int) -> dict[str, Any]:
        """Return what happened after the record number `since`, a page at a time."""
        rows = self._store.rows(
            "SELECT * FROM records WHERE sequence > ? ORDER BY sequence LIMIT ?",
            since,
            PAGE_RECORDS_MAX,
        )
        last = rows[-1]["sequence"] if rows else since
        for row in rows:
            del row["sequence"]
        return {"source": SOURCE, "records": rows, "next": str(last)}

    def _move(self, iccid: str, effect: str, state: str) -> dict[str, Any]:
        line = self.line(iccid)
        if line["state"] != state:
            if line["state"] == "ended":
                raise Problem(409, "line_ended")
            self._keep(line | {"state": state})
            self._effects.append(effect, iccid=iccid)
        return _seen(line | {"state": state})

    def _preferred(self, iccid: str, country: str) -> str:
        known = self._store.rows(
            "SELECT operator FROM preferences WHERE iccid = ? AND country = ?", iccid, country
        )
        return str(known[0]["operator"]) if known else ""

    def _operator_in(self, country: str, iccid: str) -> str:
        return self._preferred(iccid, country) or f"Sandbox Mobile {country}"

    def _attached(
        self, iccid: str, country: str, operator: str | None, at: datetime
    ) -> dict[str, Any]:
        line = self.line(iccid)
        place = {"country": country, "operator": operator or self._operator_in(country, iccid)}
        first_attach_at = line["first_attach_at"] or at.isoformat()
        self._keep(line | place | {"state": "active", "first_attach_at": first_attach_at})
        return self._recorded(
            iccid=iccid, kind="attach", quantity=0, started_at=at, ended_at=at, **place
        )

    def _recorded(
        self, *, started_at: datetime, ended_at: datetime, **facts: Any
    ) -> dict[str, Any]:
        record = {
            "record_id": f"rec_{uuid4().hex}",
            **facts,
            "started_at": started_at.isoformat(),
            "ended_at": ended_at.isoformat(),
        }
        self._store.database.execute(
            "INSERT INTO records (record_id, iccid, kind, quantity, started_at, ended_at, country,"
            " operator) VALUES (:record_id, :iccid, :kind, :quantity, :started_at, :ended_at,"
            " :country, :operator)",
            record,
        )
        kept = ("record_id", "iccid", "quantity", "country")
        self._effects.append(record["kind"], **{name: record[name] for name in kept})
        return record

    def _send(self, records: list[dict[str, Any]]) -> None:
        batch = {"source": SOURCE, "records": records}
        self._hooks.put_body(records[0]["record_id"], "usage", batch)

    def _keep(self, line: dict[str, Any]) -> None:
        self._store.database.execute(
            "REPLACE INTO lines VALUES (:iccid, :state, :first_attach_at, :country, :operator)",
            line,
        )


def _seen(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("iccid", "state", "first_attach_at")}
