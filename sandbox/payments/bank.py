"""The books of the stand-in: intents, refunds, disputes and the daily report."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal
from uuid import uuid4

from sandbox import clock
from sandbox.hooks import EVENTS, Hooks
from sandbox.payments.asked import (
    CARDS,
    Card,
    DisputeEnd,
    NewDispute,
    NewIntent,
    NewRefund,
    NewSettlement,
    RefundMove,
    Settings,
)
from sandbox.payments.reports import daily_report
from sandbox.serving import EffectLog, Problem
from sandbox.store import Store

SCHEMA = (
    EVENTS
    + """
CREATE TABLE IF NOT EXISTS intents (
    id TEXT PRIMARY KEY, status TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    captured INTEGER NOT NULL, reference TEXT NOT NULL, description TEXT NOT NULL,
    return_url TEXT NOT NULL, language TEXT NOT NULL, card TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS intents_by_reference ON intents (reference);
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, intent TEXT NOT NULL REFERENCES intents, status TEXT NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, reference TEXT NOT NULL,
    reason TEXT NOT NULL, ends_as TEXT NOT NULL, settles_at REAL, created_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_by_reference ON refunds (reference);
CREATE INDEX IF NOT EXISTS refunds_by_intent ON refunds (intent);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (settles_at) WHERE status = 'pending';
CREATE TABLE IF NOT EXISTS disputes (
    id TEXT PRIMARY KEY, intent TEXT NOT NULL REFERENCES intents, status TEXT NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    day TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, intent TEXT NOT NULL,
    reference TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_day ON entries (day);
CREATE TABLE IF NOT EXISTS tongues (intent TEXT PRIMARY KEY, tongue TEXT NOT NULL) STRICT;
"""
)
REFUND_MOVES = {
    "pending": {"succeeded", "failed", "requires_action", "cancelled"},
    "requires_action": {"pending", "succeeded", "failed", "cancelled"},
    "succeeded": {"failed"},  # A bank can send a refund back weeks after it was paid.
}
APPROVED_FIRST = ("paypal",)  # tongues in which the shop takes the money once a customer agreed

# How another provider's tongue says that `kind` happened to `what`: (its type, its body), or
# None where that provider is silent about it.
Teller = Callable[[str, dict[str, Any]], tuple[str, dict[str, Any]] | None]


class Bank:
    """All acts of the stand-in; each is called within one act of the store.

    A payment that was started in the tongue of another provider is told of in that tongue.
    """

    def __init__(self, store: Store, hooks: Hooks, effects: EffectLog, pages_url: str) -> None:
        self._store = store
        self._hooks = hooks
        self._effects = effects
        self._pages_url = pages_url
        self._tellers: dict[str, Teller] = {}

    def speak(self, tongue: str, teller: Teller) -> None:
        """Tell what happens to payments of that tongue as `teller` says it."""
        self._tellers[tongue] = teller

    def start(self, asked: NewIntent, *, tongue: str = "") -> dict[str, Any]:
        """Open an intent that waits for its customer on the pay page."""
        intent_id = f"pay_{uuid4().hex}"
        if tongue:
            self._store.database.execute("INSERT INTO tongues VALUES (?, ?)", (intent_id, tongue))
        self._store.database.execute(
            "INSERT INTO intents VALUES (?, 'requires_payment', ?, ?, 0, ?, ?, ?, ?, '', ?)",
            (
                intent_id,
                asked.amount,
                asked.currency,
                asked.reference,
                asked.description,
                asked.return_url,
                asked.language,
                _now(),
            ),
        )
        intent = self.intent(intent_id)
        self._effects.append("payment_started", **_facts(intent))
        return intent

    def intent(self, intent_id: str) -> dict[str, Any]:
        """Return one intent with what was given back. Raises Problem (404 `no_such_intent`)."""
        for row in self._store.rows("SELECT * FROM intents WHERE id = ?", intent_id):
            return row | {
                "pay_url": f"{self._pages_url}/pay/{intent_id}",
                "refunded": self._sum("refunds", intent_id, "succeeded"),
                "pending": self._sum("refunds", intent_id, "pending", "requires_action"),
                "disputed": self._sum("disputes", intent_id, "open", "lost"),
            }
        raise Problem(404, "no_such_intent")

    def intents(self, reference: str) -> list[dict[str, Any]]:
        """Return the intents with the shop's `reference`, oldest first."""
        query = "SELECT id FROM intents WHERE reference = ? ORDER BY rowid"
        return [self.intent(row["id"]) for row in self._store.rows(query, reference)]

    def pay(self, intent_id: str, card_number: str) -> str:
        """Charge a test card; return the refusal, or "" when paid. Paid once stays paid."""
        intent = self.intent(intent_id)
        if intent["status"] == "succeeded" or intent["card"]:
            return ""
        number = "".join(card_number.split())
        card = CARDS.get(number, Card(refusal="unknown_card"))
        if card.refusal:
            self._effects.append("payment_declined", **_facts(intent), reason=card.refusal)
            self._tell("payment.failed", intent | {"reason": card.refusal})
            return card.refusal
        self._store.database.execute(
            "UPDATE intents SET card = ? WHERE id = ?", (number, intent_id)
        )
        if self._tongue(intent_id) in APPROVED_FIRST:
            self._tell("payment.approved", intent)
        else:
            self.capture(intent_id)
        return ""

    def capture(self, intent_id: str) -> dict[str, Any]:
        """Take what a customer has agreed to; taken once stays taken.

        Raises Problem (409 `not_approved`).
        """
        intent = self.intent(intent_id)
        if intent["status"] == "succeeded":
            return intent
        if not intent["card"]:
            raise Problem(409, "not_approved")
        self._store.database.execute(
            "UPDATE intents SET status = 'succeeded', captured = amount WHERE id = ?",
            (intent_id,),
        )
        intent = self.intent(intent_id)
        self._enter("capture", intent, intent=intent_id)
        self._effects.append("payment_captured", **_facts(intent))
        self._tell("payment.captured", intent)
        return intent

    def refund(self, asked: NewRefund) -> dict[str, Any]:
        """Accept a refund. Raises Problem.

        404 `no_such_intent`; 409 `not_captured`, `other_currency`, `disputed`, `exceeds_captured`.
        """
        intent = self.intent(asked.intent)
        self._check_refundable(intent, asked)
        refund_id = f"ref_{uuid4().hex}"
        failure = CARDS[intent["card"]].refund_failure
        settings = self.settings()
        status = "pending" if failure else settings.refund_answer
        is_settling = status == "pending" and settings.refund_seconds is not None
        self._store.database.execute(
            "INSERT INTO refunds VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                refund_id,
                asked.intent,
                status,
                asked.amount,
                asked.currency,
                asked.reference,
                failure,
                "failed" if failure else settings.refund_ends_as,
                time.time() + (settings.refund_seconds or 0) if is_settling else None,
                _now(),
            ),
        )
        refund = self.refund_by_id(refund_id)
        self._effects.append("refund_accepted", intent=asked.intent, **_facts(refund))
        self._tell_refund(refund)
        return refund

    def refund_by_id(self, refund_id: str) -> dict[str, Any]:
        """Return one refund. Raises Problem (404 `no_such_refund`)."""
        for row in self._store.rows("SELECT * FROM refunds WHERE id = ?", refund_id):
            reason = row["reason"] if row["status"] == "failed" else ""
            hidden = ("ends_as", "settles_at")
            return {name: row[name] for name in row if name not in hidden} | {"reason": reason}
        raise Problem(404, "no_such_refund")

    def refunds(self, reference: str) -> list[dict[str, Any]]:
        """Return the refunds with the shop's `reference`, oldest first."""
        query = "SELECT id FROM refunds WHERE reference = ? ORDER BY rowid"
        return [self.refund_by_id(row["id"]) for row in self._store.rows(query, reference)]

    def refunds_of(self, intent_id: str) -> list[dict[str, Any]]:
        """Return the refunds of one intent, oldest first."""
        query = "SELECT id FROM refunds WHERE intent = ? ORDER BY rowid"
        return [self.refund_by_id(row["id"]) for row in self._store.rows(query, intent_id)]

    def move_refund(self, refund_id: str, move: RefundMove) -> dict[str, Any]:
        """Move a refund on. Raises Problem (409 `move_not_allowed`)."""
        before = self.refund_by_id(refund_id)
        if move.status not in REFUND_MOVES.get(before["status"], set()):
            raise Problem(409, "move_not_allowed", from_status=before["status"])
        self._store.database.execute(
            "UPDATE refunds SET status = ?, reason = ?, settles_at = NULL WHERE id = ?",
            (move.status, move.reason or "unknown", refund_id),
        )
        refund = self.refund_by_id(refund_id)
        if before["status"] == "succeeded":
            self._enter("refund_returned", refund, intent=refund["intent"])
        self._tell_refund(refund)
        return refund

    def settle_due(self, now: float) -> None:
        """End every pending refund whose time has come."""
        due = self._store.rows(
            "SELECT * FROM refunds WHERE status = 'pending' AND settles_at <= ?", now
        )
        for row in due:
            self.move_refund(row["id"], RefundMove(row["ends_as"], row["reason"]))

    def open_dispute(self, asked: NewDispute) -> dict[str, Any]:
        """Let the customer's bank take money back. Raises Problem (409 `exceeds_captured`)."""
        intent = self.intent(asked.intent)
        if asked.amount > intent["captured"] - intent["disputed"]:
            raise Problem(409, "exceeds_captured")
        dispute_id = f"dis_{uuid4().hex}"
        self._store.database.execute(
            "INSERT INTO disputes VALUES (?, ?, 'open', ?, ?, ?)",
            (dispute_id, asked.intent, asked.amount, intent["currency"], _now()),
        )
        return self._tell_dispute(dispute_id, "dispute.opened", "dispute")

    def close_dispute(self, dispute_id: str, end: DisputeEnd) -> dict[str, Any]:
        """End an open dispute. Raises Problem (409 `no_open_dispute`)."""
        moved = self._store.database.execute(
            "UPDATE disputes SET status = ? WHERE id = ? AND status = 'open'",
            (end.outcome, dispute_id),
        )
        if moved.rowcount != 1:
            raise Problem(409, "no_open_dispute")
        entry = "dispute_returned" if end.outcome == "won" else ""
        fee = self.settings().dispute_fee if end.outcome == "lost" else 0
        return self._tell_dispute(dispute_id, "dispute.closed", entry, fee=fee)

    def settle(self, asked: NewSettlement) -> dict[str, Any]:
        """Pay what we hold for the shop out to its bank."""
        settlement = {
            "id": f"set_{uuid4().hex}",
            "reference": "",
            "amount": asked.amount,
            "currency": asked.currency,
        }
        self._enter("settlement", settlement, intent="")
        self._effects.append("settled", **settlement)
        return settlement

    def report(self, day: str, *, tongue: str = "") -> dict[str, Any]:
        """Return what was settled on `day` (UTC) in that tongue; see `daily_report`."""
        return daily_report(self._store, day, fault=self.settings().report_fault, tongue=tongue)

    def settings(self) -> Settings:
        """Return how the stand-in behaves now."""
        usual = Settings()
        names = Settings.__struct_fields__
        return Settings(**{name: self._store.setting(name, getattr(usual, name)) for name in names})

    def settle_by(self, settings: Settings) -> None:
        """Behave like this from now on."""
        for name in Settings.__struct_fields__:
            self._store.set(name, getattr(settings, name))

    def _check_refundable(self, intent: dict[str, Any], asked: NewRefund) -> None:
        spent = intent["refunded"] + intent["pending"] + intent["disputed"]
        reasons = {
            "not_captured": intent["status"] != "succeeded",
            "other_currency": intent["currency"] != asked.currency,
            "disputed": self._sum("disputes", asked.intent, "open") > 0,
            "exceeds_captured": asked.amount > intent["captured"] - spent,
            "window_over": self.settings().is_window_over,
        }
        for code, is_true in reasons.items():
            if is_true:
                raise Problem(409, code)

    def _tell_refund(self, refund: dict[str, Any]) -> None:
        status = refund["status"]
        if status == "succeeded":
            self._enter("refund", refund, intent=refund["intent"])
        if status != "pending":
            self._effects.append(f"refund_{status}", intent=refund["intent"], **_facts(refund))
        self._tell(f"refund.{status}", refund)

    def _tell_dispute(
        self, dispute_id: str, event: str, entry: str, *, fee: int = 0
    ) -> dict[str, Any]:
        dispute = self._store.rows(
            "SELECT disputes.*, reference FROM disputes JOIN intents ON intents.id = intent"
            " WHERE disputes.id = ?",
            dispute_id,
        )[0] | {"fee": fee}
        if fee:
            self._enter("dispute_fee", dispute | {"amount": fee}, intent=dispute["intent"])
        if entry:
            self._enter(entry, dispute, intent=dispute["intent"])
        self._effects.append(
            event.replace(".", "_"),
            intent=dispute["intent"],
            status=dispute["status"],
            **_facts(dispute),
        )
        self._tell(event, dispute)
        return dispute

    def _tell(self, kind: str, what: dict[str, Any]) -> None:
        teller = self._tellers.get(self._tongue(what.get("intent", what["id"])))
        if teller is None:
            self._hooks.put(kind, what)
        elif told := teller(kind, what):
            type, body = told
            self._hooks.put_body(body["id"], type, body)

    def _tongue(self, intent_id: str) -> str:
        rows = self._store.rows("SELECT tongue FROM tongues WHERE intent = ?", intent_id)
        return str(rows[0]["tongue"]) if rows else ""

    def _enter(self, kind: str, what: dict[str, Any], *, intent: str) -> None:
        at = _now()
        self._store.database.execute(
            "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                at[:10],
                kind,
                what["id"],
                intent,
                what["reference"],
                what["amount"],
                what["currency"],
                at,
            ),
        )

    def _sum(self, table: Literal["refunds", "disputes"], intent_id: str, *statuses: str) -> int:
        marks = ", ".join("?" * len(statuses))
        query = f"SELECT amount FROM {table} WHERE intent = ? AND status IN ({marks})"  # noqa: S608 - our own words
        return sum(row["amount"] for row in self._store.rows(query, intent_id, *statuses))


def _facts(what: dict[str, Any]) -> dict[str, Any]:
    return {name: what[name] for name in ("id", "amount", "currency", "reference")}


def _now() -> str:
    return clock.now().isoformat()
