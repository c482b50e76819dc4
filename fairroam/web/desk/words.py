"""What colleagues read instead of codes: doubts, happenings, actors, books."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# Why the rules did not settle a case: refunds.operations.deciding names these codes.
DOUBTS = {
    "nothing_due": _("No rule gives anything back."),
    "wish": _("The customer wishes for more than is due."),
    "above_limit": _("The amount is above what is paid without a person."),
    "dispute_open": _("A dispute is open at the customer's bank."),
    "used_after_declaring": _("The plan was used after the request."),
    "line_still_on": _("The network has not confirmed that the plan is off."),
    "pack_still_on": _("The supplier cannot take this pack off the eSIM: it can still be used."),
}
EVENTS = {
    "refund.requested": _("asked for money back"),
    "refund.opened_from_message": _("opened the case from a message"),
    "refund.decided": _("decided"),
    "refund.looked_at_again": _("looked at it again, with new facts"),
    "refund.approved": _("approved"),
    "refund.declined": _("declined"),
    "refund.withdrawn": _("took the request back"),
    "refund.paid": _("money arrived"),
    "refund.stalled": _("money came back"),
    "refund.retried": _("sent the money again"),
}
ACTORS = {
    "customer": _("the customer"),
    "staff": _("a colleague"),
    "rules": _("the rules"),
    "system": _("the service"),
}
BOOKS = {
    "clearing": _("At payment providers"),
    "earned": _("Earned"),
    "tax": _("Tax"),
    "rounding": _("Rounding"),
    "goodwill": _("Goodwill"),
    "breakage": _("Paid, never used, right over"),
    "loss": _("Losses"),
    "disputed": _("Taken by customers' banks, not decided"),
    "fees": _("Kept by payment providers"),
    "suspense": _("Not known whose"),
    "settlement": _("Owed to people who left"),
    "wholesale": _("Paid for resold eSIMs"),
    "supplier": _("Taken from our credit at suppliers"),
    "unearned": _("Paid, not used yet"),
    "paid_credit": _("Balances paid in"),
    "promo_credit": _("Balances given"),
    "refunds_owed": _("Refunds on their way"),
}


def doubt(code: str) -> str | Promise:
    return DOUBTS.get(code, code)


def event(kind: str) -> str | Promise:
    return EVENTS.get(kind, kind)


def actor(who: str) -> str:
    """ "staff:7" as "a colleague, 7"."""
    role, _separator, number = who.partition(":")
    words = str(ACTORS.get(role, role))
    return gettext("%(who)s no. %(number)s") % {"who": words, "number": number} if number else words


def book(kind: str) -> str | Promise:
    return BOOKS.get(kind, kind)
