"""What a stand-in remembers across restarts: one SQLite file and the first answer per key."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.serving import Answer, Problem, Request, json_answer

ANSWERS = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class Store:
    """One SQLite file with one connection: one act at a time, kept before it is answered."""

    def __init__(self, path: Path, schema: str) -> None:
        self._lock = threading.Lock()
        self.database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self.database.row_factory = sqlite3.Row
        # What is committed survives a kill of this process; a power cut is no test of ours.
        self.database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
        self.database.executescript(ANSWERS + schema)

    @contextmanager
    def act(self) -> Iterator[sqlite3.Connection]:
        """Hold the store for one act: all of it is kept, or nothing when an error leaves it."""
        with self._lock:
            self.database.execute("BEGIN IMMEDIATE")
            try:
                yield self.database
            except BaseException:
                self.database.execute("ROLLBACK")
                raise
            self.database.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Return the rows of `query`; call it within an act."""
        return [dict(row) for row in self.database.execute(query, values)]

    def answer_once(
        self, request: Request, work: Callable[[], Answer], *, header: str = "Idempotency-Key"
    ) -> Answer:
        """Do `work` once per key in `header`; a repeat gets the first answer, byte for byte.

        A refusal is an answer too and stays. Raises Problem: 400 `no_idempotency_key`,
        409 `idempotency_mismatch` when the key came with another request before.
        """
        key = request.headers.get(header, "")
        if not key:
            raise Problem(400, "no_idempotency_key")
        asked = f"{request.method} {request.path}\n".encode() + request.body
        fingerprint = hashlib.sha256(asked).hexdigest()
        with self.act():
            for known in self.rows("SELECT * FROM answers WHERE key = ?", key):
                if known["fingerprint"] != fingerprint:
                    raise Problem(409, "idempotency_mismatch")
                return Answer(known["status"], known["body"], {"Content-Type": "application/json"})
            answer = self._first_answer(work)
            self.database.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?)",
                (key, fingerprint, answer.status, answer.body),
            )
            return answer

    def setting(self, name: str, default: Any) -> Any:
        """Return the setting `name`, or `default` while nobody has set it."""
        for row in self.rows("SELECT value FROM settings WHERE name = ?", name):
            return json.loads(row["value"])
        return default

    def set(self, name: str, value: object) -> None:
        """Keep the setting `name`."""
        self.database.execute("REPLACE INTO settings VALUES (?, ?)", (name, json.dumps(value)))

    @staticmethod
    def _first_answer(work: Callable[[], Answer]) -> Answer:
        try:
            return work()
        except Problem as problem:
            return json_answer(problem.facts, problem.status)
