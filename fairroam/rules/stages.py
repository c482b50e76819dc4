"""The stage tables of every flow: which move leads from which stage to which.

A table is the only door: `next_stage(TABLE, stage, move)` looks here or raises MoveNotAllowed.
Stages from which no move leads are terminal and stay.
"""

from __future__ import annotations

from collections.abc import Mapping

Moves = Mapping[tuple[str, str], str]


class MoveNotAllowed(ValueError):
    """No such move from this stage."""

    def __init__(self, stage: str, move: str) -> None:
        super().__init__(f"{move!r} is not possible from {stage!r}")
        self.stage, self.move = stage, move


def next_stage(moves: Moves, stage: str, move: str) -> str:
    """The stage that `move` leads to from `stage`. Raises MoveNotAllowed."""
    try:
        return moves[stage, move]
    except KeyError:
        raise MoveNotAllowed(stage, move) from None


def stages(moves: Moves) -> frozenset[str]:
    """Every stage that the table names."""
    return frozenset(moves.values()) | {stage for stage, _ in moves}


def terminal(moves: Moves) -> frozenset[str]:
    """The stages that stay."""
    return stages(moves) - {stage for stage, _ in moves}


ORDER: Moves = {
    ("awaiting_payment", "confirm_payment"): "paid",
    ("awaiting_payment", "cancel"): "cancelled",
    ("paid", "provision"): "fulfilling",
    ("fulfilling", "deliver"): "fulfilled",
    ("paid", "give_up"): "failed",  # The carrier has no profile left: paid back in full.
    ("fulfilling", "give_up"): "failed",
}

PAYMENT: Moves = {
    ("prepared", "start"): "started",
    ("prepared", "capture"): "captured",  # The provider's notice came before its own answer.
    ("started", "capture"): "captured",
    ("prepared", "fail"): "failed",
    ("started", "fail"): "failed",
    ("failed", "capture"): "captured",  # A second try on the provider's page.
}

PAYOUT: Moves = {
    ("planned", "send"): "sent",
    ("planned", "hold"): "held",  # A dispute is open.
    ("held", "release"): "planned",
    ("held", "settle"): "settled_by_chargeback",
    # The way it came is closed: the customer names an account, two people at the desk send it.
    ("needs_account", "name_account"): "manual_payout",
    ("needs_account", "hold"): "held",
    ("needs_account", "refuse"): "failed",  # Its owner left and named none: a person asks them.
    ("manual_payout", "send"): "sent",
    ("manual_payout", "hold"): "held",
    ("held", "ask_account"): "needs_account",
    ("held", "hand_over"): "manual_payout",
    ("sent", "await"): "pending",
    ("sent", "confirm"): "succeeded",
    ("sent", "refuse"): "failed",
    ("sent", "ask_customer"): "requires_action",
    ("pending", "confirm"): "succeeded",
    ("pending", "refuse"): "failed",
    ("pending", "ask_customer"): "requires_action",
    ("requires_action", "confirm"): "succeeded",
    ("requires_action", "refuse"): "failed",
    ("succeeded", "return"): "returned",  # "Succeeded" is not final: a closed card sends it back.
    ("failed", "confirm"): "returned",  # We hear only now that it had arrived before it failed.
    ("failed", "settle"): "settled_by_chargeback",  # The customer's bank took it from us instead.
    ("returned", "settle"): "settled_by_chargeback",
    ("failed", "reroute"): "rerouted",  # A later payout takes over what this one owes.
    ("returned", "reroute"): "rerouted",
}

DISPUTE: Moves = {
    ("open", "represent"): "represented",  # We told the bank our side.
    ("open", "win"): "won",
    ("open", "lose"): "lost",
    ("represented", "win"): "won",
    ("represented", "lose"): "lost",
}

LATE_MONEY: Moves = {
    ("waiting", "keep"): "kept",  # Nobody to send it to: kept until a day, with the reason.
    ("waiting", "send"): "sending",
    ("kept", "send"): "sending",
    ("sending", "arrive"): "sent",
    ("sending", "fail"): "waiting",
}

PROFILE: Moves = {
    ("planned", "reserve"): "reserved",  # We chose the ICCID and stored it before the call.
    ("reserved", "order"): "allocated",
    ("allocated", "release"): "released",
    ("released", "download"): "downloaded",
    ("downloaded", "install"): "installed",
    ("released", "install"): "installed",  # Notices come in any order.
    ("downloaded", "delete"): "deleted",
    ("installed", "delete"): "deleted",
    ("planned", "cancel"): "cancelled",
    ("reserved", "cancel"): "cancelled",
    ("allocated", "cancel"): "cancelled",
    ("released", "cancel"): "cancelled",
    ("planned", "fail"): "failed",
    ("reserved", "fail"): "failed",
    ("allocated", "fail"): "failed",
}

# A stage in -ing waits for carrier or network, whose silence is an unknown outcome: asked again.
LINE: Moves = {
    ("pending", "activate"): "active",
    ("active", "suspend"): "suspending",
    ("suspending", "confirm"): "suspended",
    ("suspending", "refuse"): "active",
    ("suspended", "resume"): "resuming",
    ("resuming", "confirm"): "active",
    ("resuming", "refuse"): "suspended",
    ("active", "deactivate"): "deactivating",
    ("suspended", "deactivate"): "deactivating",
    ("deactivating", "confirm"): "inactive",
    ("inactive", "activate_again"): "reissuing",
    ("active", "change_phone"): "reissuing",
    ("suspended", "change_phone"): "reissuing",
    ("inactive", "change_phone"): "reissuing",
    ("reissuing", "activate"): "active",
    ("reissuing", "refuse"): "inactive",  # The carrier has no profile left: it can be tried again.
    ("active", "choose_network"): "active",
    ("suspended", "choose_network"): "suspended",
    ("pending", "terminate"): "terminating",
    ("active", "terminate"): "terminating",
    ("suspending", "terminate"): "terminating",
    ("suspended", "terminate"): "terminating",
    ("resuming", "terminate"): "terminating",
    ("deactivating", "terminate"): "terminating",
    ("inactive", "terminate"): "terminating",
    ("reissuing", "terminate"): "terminating",
    ("terminating", "end"): "terminated",
}

LINE_ACT: Moves = {
    ("asked", "succeed"): "done",
    ("asked", "refuse"): "refused",
    ("asked", "overtake"): "overtaken",  # The line was taken off meanwhile.
}

# A number is the operator's; whose line had it, and when, is another row.
NUMBER: Moves = {
    ("available", "reserve"): "reserved",
    ("reserved", "give_back"): "available",  # Its line never came to life.
    ("reserved", "activate"): "active",
    ("active", "warn"): "inactive_warned",
    ("inactive_warned", "keep"): "active",  # A qualifying act was recorded.
    ("active", "expire"): "grace",
    ("inactive_warned", "expire"): "grace",
    ("grace", "keep"): "active",
    ("active", "ask_port_out"): "port_out_pending",
    ("inactive_warned", "ask_port_out"): "port_out_pending",
    ("grace", "ask_port_out"): "port_out_pending",
    ("port_out_pending", "stay"): "active",  # The code was never used: its time is over.
    ("port_out_pending", "port_out"): "ported_out",
    ("active", "disconnect"): "disconnected",
    ("inactive_warned", "disconnect"): "disconnected",
    ("grace", "disconnect"): "disconnected",
    ("port_out_pending", "disconnect"): "disconnected",
    ("disconnected", "quarantine"): "quarantined",
    ("quarantined", "recycle"): "recycled",  # From here on the same digits are another number.
}

# What a customer asked for when they bought a plan that keeps a number.
KEEPING: Moves = {
    ("waiting_for_identity", "allow"): "kept",
    ("waiting_for_identity", "review"): "under_review",  # Over the cap, or many at once.
    ("under_review", "allow"): "kept",
    ("under_review", "refuse"): "refused",
    ("waiting_for_identity", "end"): "ended",
    ("under_review", "end"): "ended",
    ("kept", "end"): "ended",
}

KEEP_ALIVE: Moves = {
    ("asked", "succeed"): "done",
    ("asked", "refuse"): "refused",
    ("asked", "overtake"): "overtaken",  # Somebody used the line meanwhile, or it has ended.
}

PORT_OUT: Moves = {
    ("asked", "issue"): "issued",
    ("asked", "refuse"): "refused",
    ("issued", "use"): "used",
    ("issued", "expire"): "expired",
    ("asked", "end"): "ended",
    ("issued", "end"): "ended",
}

IDENTITY: Moves = {
    ("asked", "start"): "started",  # The provider's page can be opened.
    ("asked", "verify"): "verified",  # Its notice came before its own answer.
    ("asked", "refuse"): "refused",
    ("started", "verify"): "verified",
    ("started", "refuse"): "refused",
    ("started", "expire"): "expired",
    ("asked", "hand_over"): "with_a_person",
    ("started", "hand_over"): "with_a_person",
    ("with_a_person", "verify"): "verified",
    ("with_a_person", "refuse"): "refused",
}

# What we buy from a supplier for a line, and what becomes of its price once the line is off.
SUPPLIER_ORDER: Moves = {
    ("planned", "send"): "sent",  # The key is stored; from here on the outcome may be unknown.
    ("planned", "drop"): "dropped",  # The line was taken off before anything was asked.
    ("sent", "await"): "pending",  # They make eSIMs later than they take orders.
    ("sent", "deliver"): "delivered",
    ("sent", "refuse"): "refused",
    ("pending", "deliver"): "delivered",
    ("pending", "refuse"): "refused",
}

SUPPLIER_TOP_UP: Moves = {
    ("planned", "send"): "sent",
    ("planned", "drop"): "dropped",  # The eSIM is off, or never came: the money goes back.
    ("sent", "deliver"): "delivered",
    ("sent", "refuse"): "refused",
}

SUPPLIER_CLAIM: Moves = {
    ("open", "cancel"): "auto_cancelled",  # No phone had it: the price came back at once.
    ("open", "exclude"): "not_possible",
    ("open", "request"): "requested",
    ("requested", "credit"): "credited",
    ("requested", "reject"): "rejected",
    ("requested", "age"): "unknown",  # Nobody answered for long: a person asks.
    ("unknown", "credit"): "credited",
    ("unknown", "reject"): "rejected",
}

REFUND: Moves = {
    ("submitted", "await_network"): "waiting_for_network",
    ("submitted", "review"): "under_review",
    ("submitted", "approve"): "approved",
    ("submitted", "decline"): "declined",
    ("waiting_for_network", "await_usage"): "waiting_for_usage",
    ("waiting_for_network", "review"): "under_review",
    ("waiting_for_network", "approve"): "approved",
    ("waiting_for_network", "decline"): "declined",
    ("waiting_for_usage", "review"): "under_review",
    ("waiting_for_usage", "approve"): "approved",
    ("waiting_for_usage", "decline"): "declined",
    ("under_review", "await_usage"): "waiting_for_usage",  # The line went off meanwhile.
    ("under_review", "approve"): "approved",
    ("under_review", "decline"): "declined",
    ("approved", "pay"): "paid",
    ("approved", "stall"): "payout_failed",  # A person finds another way.
    ("payout_failed", "pay"): "paid",
    ("payout_failed", "retry"): "approved",
    ("paid", "return"): "payout_failed",
    ("approved", "hand_over"): "handed_over",  # The account closes; its money goes on without it.
    ("payout_failed", "hand_over"): "handed_over",
    ("handed_over", "pay"): "paid",
    ("submitted", "withdraw"): "withdrawn",
    ("under_review", "withdraw"): "withdrawn",
    ("under_review", "offer"): "offer_made",
    ("offer_made", "approve"): "approved",  # Money was offered and taken, or the law's day came.
    ("offer_made", "settle"): "settled",  # Data or days were offered and taken.
    ("offer_made", "review"): "under_review",
    ("offer_made", "withdraw"): "withdrawn",
    ("under_review", "ask_more"): "waiting_for_customer",
    ("waiting_for_customer", "review"): "under_review",
    ("waiting_for_customer", "approve"): "approved",
    ("waiting_for_customer", "withdraw"): "withdrawn",
    ("declined", "appeal"): "under_review",  # Before another person than the one who said no.
}

OFFER: Moves = {
    ("open", "accept"): "accepted",
    ("open", "decline"): "declined",
    ("open", "counter"): "countered",
    ("open", "expire"): "expired",
    ("open", "overtake"): "overtaken",  # The request went on without it: paid, or taken back.
}

# An act of a colleague above their limit, before a second pair of eyes.
PROPOSAL: Moves = {
    ("waiting", "confirm"): "confirmed",
    ("waiting", "refuse"): "refused",
    ("waiting", "overtake"): "overtaken",
}

# A failure of the network, as the register knows it.
INCIDENT: Moves = {
    ("suspected", "confirm"): "confirmed",
    ("suspected", "dismiss"): "dismissed",
    ("confirmed", "dismiss"): "dismissed",  # It was none, after all; what was paid stays paid.
}

# Giving money back to everybody whom an incident hit.
REFUND_RUN: Moves = {
    ("counting", "preview"): "previewed",
    ("counting", "discard"): "discarded",
    ("previewed", "confirm"): "running",  # A second person has read the sums.
    ("previewed", "discard"): "discarded",
    ("running", "stop"): "stopped",
    ("stopped", "resume"): "running",
    ("stopped", "discard"): "discarded",  # What was given stays given.
    ("running", "finish"): "finished",
}

# What somebody declared at a public door, before it is known who they are.
DECLARATION: Moves = {
    (
        "received",
        "confirm",
    ): "confirmed",  # The order's own mailbox, or a sign-in, stands behind it.
    ("received", "hand_over"): "with_a_person",
    ("with_a_person", "confirm"): "confirmed",
    ("received", "close"): "closed",  # A person looked: there was nothing to leave.
    ("with_a_person", "close"): "closed",
}

THREAD: Moves = {
    ("unconfirmed", "confirm"): "waiting",  # The address was proven by a click in its mailbox.
    ("waiting", "write"): "waiting",
    ("waiting", "answer"): "answered",
    ("waiting", "close"): "closed",
    ("answered", "write"): "waiting",
    ("answered", "answer"): "answered",
    ("answered", "close"): "closed",
    ("closed", "write"): "waiting",  # Who writes again is heard again.
    ("unconfirmed", "close"): "closed",
}

# Paid credit from one customer to another. Until it is accepted its sender may take it back.
CREDIT_TRANSFER: Moves = {
    ("review", "release"): "waiting",  # A person saw nothing wrong with it.
    ("review", "undo"): "undone",
    ("review", "refuse"): "refused",
    ("waiting", "accept"): "resting",
    ("waiting", "decline"): "declined",
    ("waiting", "undo"): "undone",
    ("waiting", "expire"): "expired",
    ("resting", "finish"): "done",
    ("resting", "refuse"): "refused",  # A person found that it must not go on.
}

# Credit behind a code, until somebody redeems it.
VOUCHER: Moves = {
    ("awaiting", "pay"): "open",
    ("open", "withdraw"): "withdrawn",
    ("open", "redeem"): "redeemed",
    ("open", "stop"): "stopped",
    ("open", "lose"): "lost",  # The bank has taken back for good what had paid it.
}

# The end of one service: asked for a time, begun, proven.
SERVICE_END: Moves = {
    ("asked", "undo"): "undone",
    ("asked", "start"): "ending",
    ("ending", "end"): "ended",
    ("asked", "end"): "ended",  # It ended by itself, or with money back, before its time.
}

CLOSURE: Moves = {
    ("review", "approve"): "requested",
    ("review", "ask"): "asked",
    ("asked", "answer"): "review",
    ("review", "reject"): "rejected",
    ("asked", "reject"): "rejected",
    ("review", "undo"): "reversed",
    ("asked", "undo"): "reversed",
    ("requested", "undo"): "reversed",
    ("requested", "start"): "closing",  # From here on nothing new can be opened.
    ("closing", "close"): "closed",
    ("closed", "certify"): "certified",
}
