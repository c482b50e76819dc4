"""The profiles of the stand-in, one row each, and how new ones are minted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stdnum import luhn

from sandbox.hooks import EVENTS
from sandbox.store import Store

SCHEMA = (
    EVENTS
    + """
CREATE TABLE IF NOT EXISTS profile_types (
    name TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, stock INTEGER, minted INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS profiles (
    iccid TEXT PRIMARY KEY, profile_type TEXT NOT NULL REFERENCES profile_types,
    state TEXT NOT NULL, device_state TEXT, requester TEXT, eid TEXT, matching_id TEXT,
    confirmation_code TEXT, wrong_codes INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_profile_per_matching_id
    ON profiles (matching_id) WHERE matching_id <> '';
CREATE INDEX IF NOT EXISTS profiles_by_type ON profiles (profile_type, state);
CREATE INDEX IF NOT EXISTS profiles_by_eid ON profiles (eid);
"""
)
STOCK_DEFAULT = 100_000
REUSABLE = "-reusable"  # Types with this ending: deleted from a phone, a profile can be had again.
TYPE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ISSUER = "89999"  # 89 telecom, 999 a country code that nobody holds: no card of anybody.


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One profile. `device_state`: None, enabled, disabled or deleted; on whichever phone."""

    iccid: str
    profile_type: str
    state: str
    device_state: str | None
    requester: str | None
    eid: str | None
    matching_id: str | None
    confirmation_code: str | None
    wrong_codes: int

    @property
    def can_be_reused(self) -> bool:
        """Whether its last owner may order it once more."""
        return self.device_state == "deleted" and self.profile_type.endswith(REUSABLE)


class Shelf:
    """Finds, changes and mints profiles; every method is called within an act of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, column: str, value: str) -> Profile | None:
        """Return the profile whose `iccid` or `matching_id` is `value`."""
        assert column in ("iccid", "matching_id")
        rows = self._store.rows(f"SELECT * FROM profiles WHERE {column} = ?", value)  # noqa: S608
        return Profile(**rows[0]) if rows else None

    def on_device(self, eid: str) -> list[Profile]:
        """Return what the phone `eid` holds, oldest first."""
        rows = self._store.rows(
            "SELECT * FROM profiles WHERE eid = ? AND state IN ('Downloaded', 'Installed', 'Error')"
            " AND device_state IS NOT 'deleted' ORDER BY rowid",
            eid,
        )
        return [Profile(**row) for row in rows]

    def change(self, iccid: str, **columns: Any) -> None:
        """Write these columns of one profile."""
        names = ", ".join(f"{name} = :{name}" for name in columns)
        self._store.database.execute(
            f"UPDATE profiles SET {names} WHERE iccid = :iccid",  # noqa: S608 - our own names
            {**columns, "iccid": iccid},
        )

    def is_carried(self, profile_type: str) -> bool:
        """Say whether we have such a type at all; any well-formed name is made on first asking."""
        if not TYPE_NAME.fullmatch(profile_type):
            return False
        return self._type(profile_type)["stock"] is not None

    def set_stock(self, profile_type: str, stock: int | None) -> None:
        """Mint at most `stock` profiles of this type in all; None = no such type."""
        self._type(profile_type)
        self._store.database.execute(
            "UPDATE profile_types SET stock = ? WHERE name = ?", (stock, profile_type)
        )

    def available(self, profile_type: str, *, limit: int) -> list[str]:
        """Return up to `limit` ICCIDs that are free, minting what the stock still allows."""
        kept = self._store.rows(
            "SELECT iccid FROM profiles WHERE profile_type = ? AND state = 'Available'"
            " ORDER BY rowid LIMIT ?",
            profile_type,
            limit,
        )
        iccids = [row["iccid"] for row in kept]
        kind = self._type(profile_type)
        missing = min(limit - len(iccids), (kind["stock"] or 0) - kind["minted"])
        for serial in range(kind["minted"], kind["minted"] + max(missing, 0)):
            iccids.append(self._mint(kind, serial))
        return iccids

    def _type(self, name: str) -> dict[str, Any]:
        self._store.database.execute(
            "INSERT OR IGNORE INTO profile_types SELECT ?, 1 + count(*), ?, 0 FROM profile_types",
            (name, STOCK_DEFAULT),
        )
        return self._store.rows("SELECT * FROM profile_types WHERE name = ?", name)[0]

    def _mint(self, kind: dict[str, Any], serial: int) -> str:
        stem = f"{ISSUER}{kind['number']:04d}{serial:09d}"
        iccid = stem + luhn.calc_check_digit(stem)
        self._store.database.execute(
            "INSERT INTO profiles (iccid, profile_type, state, wrong_codes)"
            " VALUES (?, ?, 'Available', 0)",
            (iccid, kind["name"]),
        )
        self._store.database.execute(
            "UPDATE profile_types SET minted = ? WHERE name = ?", (serial + 1, kind["name"])
        )
        return iccid
