"""The word, the icon and the tone of every stage that a page may show."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as N_
from django.utils.translation import pgettext_lazy


class Badge(NamedTuple):
    """How a stage looks: `tone` is good, wait, care, error or plain."""

    tone: str
    icon: str
    word: str | Promise


STAGES: dict[str, dict[str, Badge]] = {
    "order": {
        "awaiting_payment": Badge("wait", "hourglass", _("waiting for payment")),
        "paid": Badge("good", "check", _("paid")),
        "fulfilling": Badge("wait", "hourglass", _("eSIM being made")),
        "fulfilled": Badge("good", "circle-check", _("delivered")),
        "cancelled": Badge("plain", "ban", _("cancelled")),
        "failed": Badge("care", "undo-2", _("not delivered, money goes back")),
    },
    "payment": {
        "prepared": Badge("wait", "hourglass", _("being prepared")),
        "started": Badge("wait", "credit-card", _("waiting for you to pay")),
        "captured": Badge("good", "check", _("paid")),
        "failed": Badge("error", "circle-alert", _("not paid")),
    },
    "payout": {
        "planned": Badge("wait", "hourglass", _("planned")),
        "held": Badge("care", "scale", _("held while a dispute is open")),
        "settled_by_chargeback": Badge("plain", "scale", _("settled by your bank")),
        "needs_account": Badge("care", "circle-alert", _("waits for your bank account")),
        "manual_payout": Badge("wait", "hourglass", _("being transferred by a person")),
        "rerouted": Badge("plain", "arrow-right", _("sent again another time")),
        "sent": Badge("wait", "arrow-right", _("sent")),
        "pending": Badge("wait", "hourglass", _("on its way")),
        "succeeded": Badge("good", "circle-check", _("arrived")),
        "failed": Badge("error", "circle-alert", _("refused by the bank")),
        "requires_action": Badge("care", "circle-alert", _("needs something from you")),
        "returned": Badge("care", "undo-2", _("came back to us")),
    },
    "credit_transfer": {
        "review": Badge("wait", "hourglass", _("a person looks at it")),
        "waiting": Badge("wait", "hourglass", _("waits to be accepted")),
        "resting": Badge("wait", "hourglass", _("accepted, rests for 24 hours")),
        "done": Badge("good", "circle-check", _("arrived")),
        "declined": Badge("plain", "undo-2", _("not wanted, back in the wallet")),
        "undone": Badge("plain", "undo-2", _("taken back")),
        "expired": Badge("plain", "undo-2", _("not accepted in time, back in the wallet")),
        "refused": Badge("care", "undo-2", _("stopped by a person, back in the wallet")),
    },
    "voucher": {
        "awaiting": Badge("wait", "credit-card", _("waiting for you to pay")),
        "open": Badge("wait", "ticket", _("not redeemed yet")),
        "withdrawn": Badge("plain", "undo-2", _("taken back")),
        "redeemed": Badge("good", "circle-check", _("redeemed")),
        "stopped": Badge("plain", "ban", _("called back")),
        "lost": Badge("care", "ban", _("its payment went back to the bank")),
    },
    "dispute": {
        "open": Badge("care", "scale", _("open at the bank")),
        "represented": Badge("wait", "scale", _("answered, the bank decides")),
        "won": Badge("good", "circle-check", _("won, money is back")),
        "lost": Badge("error", "circle-x", _("lost, the bank keeps it")),
    },
    "late_money": {
        "waiting": Badge("care", "circle-alert", _("waits for a person")),
        "kept": Badge("wait", "inbox", _("kept until its owner writes")),
        "sending": Badge("wait", "arrow-right", _("being sent")),
        "sent": Badge("good", "circle-check", _("sent to its owner")),
    },
    "profile": {
        "planned": Badge("wait", "hourglass", _("planned")),
        "reserved": Badge("wait", "hourglass", _("being made")),
        "allocated": Badge("wait", "hourglass", _("being made")),
        "released": Badge("good", "qr-code", _("ready to install")),
        "downloaded": Badge("good", "smartphone", _("downloaded")),
        "installed": Badge("good", "smartphone", _("installed")),
        "deleted": Badge("plain", "circle-x", _("deleted from the phone")),
        "cancelled": Badge("plain", "ban", _("cancelled")),
        "failed": Badge("error", "circle-alert", _("could not be made")),
    },
    "line": {
        "pending": Badge("wait", "hourglass", _("not active yet")),
        "active": Badge("good", "signal", _("active")),
        "suspending": Badge("wait", "hourglass", _("being paused")),
        "suspended": Badge("care", "pause", _("paused")),
        "resuming": Badge("wait", "hourglass", _("being resumed")),
        "deactivating": Badge("wait", "hourglass", _("being deactivated")),
        "inactive": Badge("care", "circle-pause", _("deactivated")),
        "reissuing": Badge("wait", "hourglass", _("new eSIM being made")),
        "terminating": Badge("wait", "hourglass", _("being switched off")),
        "terminated": Badge("plain", "circle-x", _("ended")),
    },
    "line_act": {
        "asked": Badge("wait", "hourglass", _("under way")),
        "done": Badge("good", "check", _("done")),
        "refused": Badge("care", "circle-x", _("not possible")),
        "overtaken": Badge("plain", "ban", _("dropped, since the plan was ended")),
    },
    "number": {
        "available": Badge("plain", "inbox", _("free")),
        "reserved": Badge("wait", "hourglass", _("reserved")),
        "active": Badge("good", "phone", _("kept")),
        "inactive_warned": Badge("care", "clock", _("must be used soon")),
        "grace": Badge("error", "circle-alert", _("can still be saved")),
        "disconnected": Badge("plain", "circle-x", _("lost")),
        "port_out_pending": Badge("wait", "arrow-right", _("may move to another operator")),
        "ported_out": Badge("plain", "arrow-right", _("taken to another operator")),
        "quarantined": Badge("plain", "ban", _("in quarantine")),
        "recycled": Badge("plain", "undo-2", _("belongs to somebody else")),
    },
    "keeping": {
        "waiting_for_identity": Badge("care", "user", _("waits for you to show who you are")),
        "under_review": Badge("wait", "user", _("with a person")),
        "kept": Badge("good", "phone", _("kept")),
        "refused": Badge("plain", "circle-x", _("refused, money goes back")),
        "ended": Badge("plain", "circle-x", _("ended")),
    },
    "keep_alive": {
        "asked": Badge("wait", "hourglass", _("under way")),
        "done": Badge("good", "check", _("done")),
        "refused": Badge("care", "circle-x", _("not possible")),
        "overtaken": Badge("plain", "ban", _("not needed any more")),
    },
    "port_out": {
        "asked": Badge("wait", "hourglass", _("asked for")),
        "issued": Badge("good", "key", _("code is there")),
        "refused": Badge("care", "circle-x", _("not possible")),
        "used": Badge("plain", "arrow-right", _("taken to another operator")),
        "expired": Badge("plain", "clock", _("expired")),
        "ended": Badge("plain", "circle-x", _("ended")),
    },
    "identity": {
        "asked": Badge("wait", "hourglass", _("being prepared")),
        "started": Badge("wait", "user", _("waits for you")),
        "verified": Badge("good", "circle-check", _("we know who you are")),
        "refused": Badge("care", "circle-x", _("not recognised")),
        "expired": Badge("plain", "clock", _("expired")),
        "with_a_person": Badge("wait", "user", _("with a person")),
    },
    "refund": {
        "submitted": Badge("wait", "inbox", _("received")),
        "waiting_for_network": Badge("wait", "hourglass", _("eSIM being switched off")),
        "waiting_for_usage": Badge("wait", "hourglass", _("waiting for the last usage")),
        "under_review": Badge("wait", "user", _("with a person")),
        "approved": Badge("good", "check", _("approved, money on its way")),
        "declined": Badge("plain", "circle-x", _("declined")),
        "paid": Badge("good", "circle-check", _("paid back")),
        "payout_failed": Badge("care", "circle-alert", _("money came back, needs another way")),
        "handed_over": Badge("wait", "hourglass", _("account closed, money goes on")),
        "withdrawn": Badge("plain", "undo-2", _("taken back by you")),
        "offer_made": Badge("wait", "handshake", _("offer made, waits for you")),
        "waiting_for_customer": Badge("care", "message-circle", _("waits for your answer")),
        "settled": Badge("good", "handshake", _("settled by agreement")),
    },
    "offer": {
        "open": Badge("wait", "hourglass", _("open")),
        "accepted": Badge("good", "check", _("accepted")),
        "declined": Badge("plain", "circle-x", pgettext_lazy("an offer", "declined")),
        "countered": Badge("wait", "undo-2", _("answered with another wish")),
        "expired": Badge("plain", "clock", _("expired")),
        "overtaken": Badge("plain", "ban", _("not needed any more")),
    },
    "proposal": {
        "waiting": Badge("wait", "users", _("waits for a second person")),
        "confirmed": Badge("good", "check", _("confirmed")),
        "refused": Badge("plain", "circle-x", _("not confirmed")),
        "overtaken": Badge("plain", "ban", _("not needed any more")),
    },
    "supplier_order": {
        "planned": Badge("wait", "inbox", _("to be ordered")),
        "sent": Badge("wait", "hourglass", _("being ordered")),
        "pending": Badge("wait", "hourglass", _("ordered, being made")),
        "delivered": Badge("good", "check", _("handed over")),
        "refused": Badge("care", "circle-x", _("not to be had")),
        "dropped": Badge("plain", "ban", _("not needed any more")),
    },
    "supplier_top_up": {
        "planned": Badge("wait", "inbox", _("to be ordered")),
        "sent": Badge("wait", "hourglass", _("being ordered")),
        "delivered": Badge("good", "check", _("handed over")),
        "refused": Badge("care", "circle-x", _("not to be had")),
        "dropped": Badge("plain", "ban", _("not needed any more")),
    },
    "supplier_claim": {
        "open": Badge("wait", "hourglass", _("being given back")),
        "auto_cancelled": Badge("good", "check", _("cancelled, price is back")),
        "not_possible": Badge("plain", "circle-x", _("nothing comes back")),
        "requested": Badge("wait", "inbox", _("claimed")),
        "credited": Badge("good", "circle-check", _("credited")),
        "rejected": Badge("plain", "circle-x", _("claim refused")),
        "unknown": Badge("care", "circle-alert", _("no answer for long: ask them")),
    },
    "incident": {
        "suspected": Badge("care", "circle-alert", _("suspected")),
        "confirmed": Badge("error", "radio-tower", _("confirmed")),
        "dismissed": Badge("plain", "circle-x", _("was none")),
    },
    "refund_run": {
        "counting": Badge("wait", "hourglass", _("being counted")),
        "previewed": Badge("wait", "user", _("waits for a second person")),
        "running": Badge("wait", "hourglass", _("under way")),
        "stopped": Badge("care", "pause", _("stopped")),
        "finished": Badge("good", "circle-check", _("done")),
        "discarded": Badge("plain", "ban", _("discarded")),
    },
    "declaration": {
        "received": Badge("wait", "mail", _("waits for a click in the mailbox")),
        "with_a_person": Badge("wait", "user", _("a person looks")),
        "confirmed": Badge("good", "check", _("carried out")),
        "closed": Badge("plain", "circle-x", _("closed by a person")),
    },
    "thread": {
        "unconfirmed": Badge("wait", "mail", _("waits for a click in the mailbox")),
        "waiting": Badge("wait", "hourglass", _("we answer next")),
        "answered": Badge("good", "check", _("answered")),
        "closed": Badge("plain", "circle-check", pgettext_lazy("a conversation", "closed")),
    },
    "service_end": {
        "asked": Badge("wait", "calendar-clock", _("ends at its time")),
        "undone": Badge("plain", "undo-2", _("taken back by you")),
        "ending": Badge("wait", "hourglass", _("being ended")),
        "ended": Badge("good", "check", _("ended")),
    },
    "closure": {
        "review": Badge("wait", "users", _("looked at by a person")),
        "asked": Badge("care", "message-circle", _("waits for your answer")),
        "rejected": Badge("plain", "ban", _("not carried out")),
        "requested": Badge("wait", "hourglass", _("requested")),
        "reversed": Badge("plain", "undo-2", _("taken back by you")),
        "closing": Badge("wait", "hourglass", _("closing")),
        "closed": Badge("good", "check", _("closed")),
        "certified": Badge("good", "file-check", _("closed, with certificate")),
    },
}

# The same stages for colleagues, where the word above speaks to the customer.
AT_DESK: dict[tuple[str, str], str | Promise] = {
    ("payment", "started"): _("waiting for the customer to pay"),
    ("payout", "settled_by_chargeback"): _("settled by the customer's bank"),
    ("payout", "needs_account"): _("waits for the customer's bank account"),
    ("payout", "requires_action"): _("needs something from the customer"),
    ("voucher", "awaiting"): _("waiting for the customer to pay"),
    ("keeping", "waiting_for_identity"): _("waits for the customer to show who they are"),
    ("identity", "started"): _("waits for the customer"),
    ("identity", "verified"): _("we know who they are"),
    ("refund", "withdrawn"): _("taken back by the customer"),
    ("refund", "offer_made"): _("offer made, waits for the customer"),
    ("refund", "waiting_for_customer"): _("waits for the customer's answer"),
    ("service_end", "undone"): _("taken back by the customer"),
    ("closure", "asked"): _("waits for the customer's answer"),
    ("closure", "reversed"): _("taken back by the customer"),
}

# What can be done with a number: the kinds of `rules.keep_alive`.
NUMBER_ACTS: dict[str, str | Promise] = {
    "activation": _("number switched on"),
    "call_out": _("a call you make"),
    "sms_out": _("a text message you send"),
    "mms_out": _("a picture message you send"),
    "data_session": _("using mobile data"),
    "purchase": _("buying something from the operator"),
    "call_in": _("a call you answer"),
    "sms_in": _("a text message you get"),
}

PAPERS: dict[str, str | Promise] = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "receipt": _("Receipt"),
    "decision": _("Decision"),
    "certificate": _("Certificate of closing"),
    "waiver": _("Waiver of a balance"),
}

# What a provider's notice or a line of its report is about: `EventKind` and `ReportKind`.
MATTERS: dict[str, str | Promise] = {
    "payment.approved": _("a payment that its customer agreed to"),
    "payment.captured": _("a payment that came in"),
    "payment.failed": _("a payment that failed"),
    "refund.pending": _("a refund on its way"),
    "refund.succeeded": _("a refund that arrived"),
    "refund.failed": _("a refund that failed"),
    "refund.requires_action": _("a refund that waits for its customer"),
    "dispute.opened": _("a dispute that began"),
    "dispute.closed": _("a dispute that ended"),
    "unknown": _("a notice that we cannot read"),
    "capture": _("a payment"),
    "refund": _("a refund"),
    "refund_returned": _("a refund that came back"),
    "dispute": _("money that a customer's bank took"),
    "dispute_returned": _("money that a customer's bank gave back"),
    "dispute_fee": _("the fee of a dispute"),
    "fee": _("a fee"),
    "settlement": _("a payout to our own bank"),
}

# By which way money came or goes back: the rails of `rules.rails`.
RAILS: dict[str, str | Promise] = {
    "card": _("Card"),
    "paypal": "PayPal",
    "transfer": _("Bank transfer"),
    "sepa-debit": _("SEPA direct debit"),
    "ideal": "iDEAL",
    "alipay": _("Alipay"),
    "wechat": _("WeChat Pay"),
    "crypto": _("Cryptocurrency"),
}

# What a customer is asked for: the codes of `refunds.queries.completeness`.
MISSING: dict[str, str | Promise] = {
    "reason": _("what happened, and what you wish for"),
    "place_and_time": _("where you were, and when it did not work"),
    "steps": _("which of the troubleshooting steps you tried"),
    "evidence": _("a picture of what the phone shows, or of the place and its network"),
    "device": _("the model of your phone, or a picture of its settings"),
}

# What Django itself says of a field, to be said our way: our texts go before Django's own.
OF_A_FIELD = (N_("This field is required."), N_("Enter a valid email address."))
