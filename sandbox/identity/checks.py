"""Checks of persons: begun by a shop, ended on the provider's own page."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any
from uuid import UUID, uuid4

from msgspec import Meta, Struct

from sandbox.hooks import EVENTS, Hooks
from sandbox.serving import EffectLog, Problem
from sandbox.store import Store

SCHEMA = (
    EVENTS
    + """
CREATE TABLE IF NOT EXISTS checks (
    id TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
    person TEXT NOT NULL, return_url TEXT NOT NULL, language TEXT NOT NULL
) STRICT;
"""
)
ENDS = ("verified", "refused", "unsure", "expired")


class NewCheck(Struct, forbid_unknown_fields=True):
    """What a shop asks for; `reference` is its own name for the check."""

    reference: UUID
    return_url: Annotated[str, Meta(pattern="^https?://", max_length=500)]
    language: Annotated[str, Meta(max_length=20)] = "en"


class Checks:
    """Every method is called within an act of the store."""

    def __init__(self, store: Store, hooks: Hooks, effects: EffectLog, pages_url: str) -> None:
        self._store = store
        self._hooks = hooks
        self._effects = effects
        self._pages_url = pages_url

    def start(self, asked: NewCheck) -> dict[str, Any]:
        """Begin a check. Its page is known by its id only."""
        check = {
            "id": f"chk_{uuid4().hex}",
            "reference": str(asked.reference),
            "status": "pending",
            "person": "",
            "return_url": asked.return_url,
            "language": asked.language,
        }
        self._store.database.execute(
            "INSERT INTO checks VALUES (:id, :reference, :status, :person, :return_url, :language)",
            check,
        )
        self._effects.append("check_started", id=check["id"], reference=check["reference"])
        return self.seen(check)

    def check(self, check_id: str) -> dict[str, Any]:
        """The check of that id. Raises Problem (404 `no_such_check`)."""
        rows = self._store.rows("SELECT * FROM checks WHERE id = ?", check_id)
        if not rows:
            raise Problem(404, "no_such_check")
        return rows[0]

    def end(self, check_id: str, *, status: str, person: str) -> dict[str, Any]:
        """End a check that is pending, and tell the shop; an ended one stays."""
        check = self.check(check_id)
        if status not in ENDS:
            raise Problem(422, "invalid_request")
        if check["status"] != "pending":
            return check
        name = " ".join(person.split()).casefold()
        check |= {"status": status, "person": _pseudonym(name) if status == "verified" else ""}
        self._store.database.execute(
            "UPDATE checks SET status = :status, person = :person WHERE id = :id", check
        )
        self._effects.append("check_ended", id=check_id, status=status)
        self._hooks.put("check.ended", self.seen(check))
        return check

    def seen(self, check: dict[str, Any]) -> dict[str, Any]:
        """What the shop is told of a check."""
        told = {name: check[name] for name in ("id", "reference", "status", "person")}
        return told | {"page_url": f"{self._pages_url}/checks/{check['id']}"}


def _pseudonym(name: str) -> str:
    """The same for the same person, and no way back to the name for a shop."""
    return hashlib.sha256(f"person of paper: {name}".encode()).hexdigest()
