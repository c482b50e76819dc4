"""The word, the icon and the tone of every stage that a page may show."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fairroam.rules import stages


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
        "sent": Badge("wait", "arrow-right", _("sent")),
        "pending": Badge("wait", "hourglass", _("on its way")),
        "succeeded": Badge("good", "circle-check", _("arrived")),
        "failed": Badge("error", "circle-alert", _("refused by the bank")),
        "requires_action": Badge("care", "circle-alert", _("needs something from you")),
        "returned": Badge("care", "undo-2", _("came back to us")),
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
    "refund": {
        "submitted": Badge("wait", "inbox", _("received")),
        "waiting_for_network": Badge("wait", "hourglass", _("eSIM being switched off")),
        "waiting_for_usage": Badge("wait", "hourglass", _("waiting for the last usage")),
        "under_review": Badge("wait", "user", _("with a person")),
        "approved": Badge("good", "check", _("approved, money on its way")),
        "declined": Badge("plain", "circle-x", _("declined")),
        "paid": Badge("good", "circle-check", _("paid back")),
        "payout_failed": Badge("care", "circle-alert", _("money came back, needs another way")),
        "withdrawn": Badge("plain", "undo-2", _("taken back by you")),
    },
    "closure": {
        "requested": Badge("wait", "hourglass", _("requested")),
        "reversed": Badge("plain", "undo-2", _("taken back by you")),
        "closing": Badge("wait", "hourglass", _("closing")),
        "closed": Badge("good", "check", _("closed")),
        "certified": Badge("good", "file-check", _("closed, with certificate")),
    },
}
# The stage tables that the words above must cover, each stage of each.
FLOWS: dict[str, stages.Moves] = {
    "order": stages.ORDER,
    "payment": stages.PAYMENT,
    "payout": stages.PAYOUT,
    "profile": stages.PROFILE,
    "line": stages.LINE,
    "line_act": stages.LINE_ACT,
    "refund": stages.REFUND,
    "closure": stages.CLOSURE,
}

PAPERS: dict[str, str | Promise] = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "receipt": _("Receipt"),
    "decision": _("Decision"),
    "certificate": _("Certificate of closing"),
}
