"""What colleagues read instead of codes: doubts, happenings, actors, books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers import queries as customers
from fairroam.apps.refunds.queries.clocks import Clock
from fairroam.rules.languages import language_of, words_for
from fairroam.rules.sentences import load_language
from fairroam.rules.zones import load_zone
from fairroam.web.components import formats
from fairroam.web.components.refused import sentence_of_code
from fairroam.web.components.tags import provider_name

# Why the rules did not settle a case: refunds.operations.deciding names these codes.
DOUBTS = {
    "nothing_due": _("No rule gives anything back."),
    "wish": _("The customer wishes for more than is due."),
    "above_limit": _("The amount is above what is paid without a person."),
    "dispute_open": _("A dispute is open at the customer's bank."),
    "used_after_declaring": _("The plan was used after the request."),
    "line_still_on": _("The network has not confirmed that the plan is off."),
    "velocity": _("Many requests of this account within 30 days."),
    "same_evidence": _("Another account sent the same file."),
    "same_device": _("Other accounts asked money back for the same phone."),
    "contact_changed": _("An address or a way to sign in was changed within 72 hours."),
    "payout_changed": _("The way the money should go was changed within 72 hours."),
    "whose_doing": _("The plan failed. If that ended it, the end is our doing and more is due."),
    "pack_still_on": _("The supplier cannot take this pack off the eSIM: it can still be used."),
}
# Why money takes another way (`rules.rails`), or why a provider did not deliver it.
WAYS = {
    "chosen": _("The customer, or a colleague with them, named an account."),
    "passed_on": _("Somebody else paid it in: it goes to its present owner's account."),
    "window": _("The way it came takes nothing back so late."),
    "parts": _("The way it came takes back no further part."),
    "whole": _("The way it came takes back the whole payment or nothing."),
    "currency": _("The way it came does not take this currency back."),
    "unknown": _("We know no way back for this means of payment."),
    "expired_or_cancelled_card": _("The card has expired or was cancelled."),
    "lost_or_stolen_card": _("The card was lost or stolen."),
    "other_currency": _("The provider answered in another currency."),
    "answer-differs": _("The provider's answer does not match what we asked for."),
    "by_hand": _("This provider pays nothing back by itself."),
}
# What a carrier, a network or a supplier answered, in the words of ours that the apps keep.
ANSWERS = {
    "sent": _("sent"),
    "done": _("done"),
    "unknown": _("no answer: asked again"),
    "": _("broke off with us"),
    "answer-mismatch": _("their answer does not match what we asked for"),
    "unreachable": _("no answer"),
    "line_ended": _("they have ended this line for good"),
    "not-offered": _("they do not do this"),
    "not-found": _("they know nothing of it"),
    "told-failed": _("they told us that it failed"),
    "supplier-cannot-end": _("the supplier cannot end it"),
}
# Why a provider's notice waits for a person, beside what the apps refuse.
QUARANTINED = {
    "event-unknown": _("We cannot read what it says."),
    "answer-differs": WAYS["answer-differs"],
}
# What a step of a closing waits for: closures.operations name these codes.
WAITS_FOR = {
    "refunds": _("the decision on a refund"),
    "money_owed": _("money that is owed to them to be on its way"),
    "lines": _("the proof that every eSIM is off"),
    "balance": _("a balance that is left"),
    "something_lives": _("something that began meanwhile"),
}
EVENTS = {
    "refund.requested": _("asked for money back"),
    "refund.opened_from_message": _("opened the case from a message"),
    "refund.decided": _("decided"),
    "refund.money_wanted": _("wants the money after all"),
    "refund.wish_left": _("left the rest of a wish to a person"),
    "refund.looked_at_again": _("looked at it again, with new facts"),
    "refund.blame_taken": _("found that the end is our doing"),
    "refund.approved": _("approved"),
    "refund.declined": _("declined"),
    "refund.withdrawn": _("took the request back"),
    "refund.paid": _("money arrived"),
    "refund.stalled": _("money came back"),
    "refund.retried": _("sent the money again"),
    "refund.assigned": _("took or handed over the case"),
    "refund.flagged": _("raised a flag"),
    "refund.escalated": _("a deadline came near or passed"),
    "refund.more_asked": _("asked the customer for more"),
    "refund.more_given": _("the case went on after a question"),
    "refund.proposed": _("asked a second person to confirm"),
    "refund.proposal_refused": _("did not confirm"),
    "refund.offered": _("made an offer"),
    "refund.offer_declined": _("declined the offer"),
    "refund.offer_countered": _("asked for something else"),
    "refund.offer_expired": _("the offer expired"),
    "refund.handed_over": _("handed the money on, as the account closed"),
    "refund.opened_by_us": _("opened the case after a network failure"),
    "refund.settled": _("accepted the offer"),
    "refund.appealed": _("appealed"),
    "evidence.kept": _("added it"),
    "evidence.shown": _("opened it"),
    "closure.requested": _("asked to close the account"),
    "closure.asked": _("asked the customer"),
    "closure.answered": _("answered"),
    "closure.approved": _("approved"),
    "closure.rejected": _("refused"),
    "closure.undone": _("took it back"),
    "closure.held": _("something came up: it waits"),
    "closure.started": _("it began"),
    "closure.step_done": _("a step was done"),
    "closure.certified": _("the certificate was signed"),
    "closure.settled": _("what was on its way is settled"),
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
    "waived": _("Given up by people who left, and theirs still"),
    "vouchers": _("Vouchers sold, not redeemed yet"),
    "in_transfer": _("On its way from one customer to another"),
    "wholesale": _("Paid for resold eSIMs"),
    "supplier": _("Taken from our credit at suppliers"),
    "unearned": _("Paid, not used yet"),
    "paid_credit": _("Balances paid in"),
    "promo_credit": _("Balances given"),
    "refunds_owed": _("Refunds on their way"),
}


# Parts of the queue: refunds.queries.desk names them.
VIEWS = {
    "open": _("Waiting for us"),
    "mine": _("Mine"),
    "nobodys": _("Not taken yet"),
    "urgent": _("Urgent"),
    "confirm": _("To confirm"),
    "customer": _("Waiting for the customer"),
}
CLOCKS = {
    "answer": _("first answer until %(end)s"),
    "decision": _("decision until %(end)s"),
    "payment": _("money sent until %(end)s"),
}
ALARMS = {
    ("answer", 1): _("the first answer is due soon"),
    ("answer", 2): _("the first answer is late"),
    ("decision", 1): _("the decision is due soon"),
    ("decision", 2): _("the decision is late"),
    ("payment", 1): _("the money must leave soon"),
    ("payment", 2): _("the money is late"),
}
# What a case lacks, said of the customer: the codes of `refunds.queries.completeness`.
MISSING = {
    "reason": _("what happened, and what they wish for"),
    "place_and_time": _("where they were, and when it did not work"),
    "steps": _("which of the troubleshooting steps they tried"),
    "evidence": _("a picture of what the phone shows, or of the place and its network"),
    "device": _("the model of their phone, or a picture of its settings"),
}


class ClockLine(NamedTuple):
    """A clock in words. level: 0, 1 near, 2 passed."""

    text: str
    level: int
    is_paused: bool


def clock_line(clock: Clock, zone: str, language: str) -> ClockLine:
    """ "decision until Thu 5 November, 24:00, Berlin time"."""
    text = str(CLOCKS[clock.kind]) % {"end": formats.until(clock.due_at, zone, language)}
    return ClockLine(text, clock.level, clock.is_paused)


def day_and_clock(moment: datetime, zone: str, language: str) -> str:
    """An instant where its zone is named beside it: "16 March 2026, 14:05"."""
    local = moment.astimezone(load_zone(zone))
    between = ", " if language_of(language) == "en" else " "
    return f"{formats.plain_day(local.date(), language)}{between}{local:%H:%M}"


def used_of(kind: str, used: int, granted: int | None, language: str) -> str:
    """How much of an allowance is used: "4 GB / 10 GB"."""
    most = gettext("unlimited") if granted is None else formats.allowance(granted, kind, language)
    return f"{formats.allowance(used, kind, language)} / {most}"


def alarm(clock: str, level: int) -> str:
    """What is near or late."""
    return str(ALARMS[clock, level])


def doubt(code: str) -> str | Promise:
    return DOUBTS.get(code, code)


def ground(code: str) -> str:
    """A ground as decisions name it; "" is none."""
    if not code:
        return gettext("no ground")
    return load_language(language_of(get_language() or "en")).words[code]


def event(kind: str) -> str | Promise:
    return EVENTS.get(kind, kind)


def actor(who: str) -> str:
    """ "staff:7" as "a colleague, 7"."""
    role, _separator, number = who.partition(":")
    words = str(ACTORS.get(role, role))
    return gettext("%(who)s no. %(number)s") % {"who": words, "number": number} if number else words


def people(actors: Iterable[str]) -> dict[str, str]:
    """Who did it, on a page about one customer: colleagues by their address while they have one."""
    seen = set(actors)
    logins = {who: int(who.partition(":")[2]) for who in seen if who.startswith("staff:")}
    addresses = customers.addresses_of_users(logins.values()) if logins else {}
    named = {who: addresses.get(login) or actor(who) for who, login in logins.items()}
    others = {who: str(ACTORS["customer"]) for who in seen if who.startswith("customer:")}
    return {who: actor(who) for who in seen} | named | others


def answer(code: str | None) -> str:
    """What somebody out there answered; what is no word of ours stands as they said it."""
    known = ANSWERS.get(code or "")
    return str(known) if known else gettext("they say: %(code)s") % {"code": code}


def quarantined(code: str) -> str:
    """Why a provider's notice waits: mostly the sentence of what the apps refuse."""
    return str(QUARANTINED.get(code) or sentence_of_code(code))


def waits_for(code: str) -> str | Promise:
    return WAITS_FOR.get(code, code)


def book(kind: str) -> str | Promise:
    return BOOKS.get(kind, kind)


def book_label(kind: str, label: str, language: str) -> str:
    """Which book of its kind: "Germany 19%" of tax, else a provider or a supplier by its name."""
    if kind == "tax" and label:
        return " ".join(country_and_rate(label, language))
    if kind == "clearing" and label == "bank":
        return gettext("Our own bank account")
    return provider_name(label)


def country_and_rate(label: str, language: str) -> tuple[str, str]:
    """ "DE 0.19", as books of tax are labelled, as ("Germany", "19%")."""
    country, _separator, rate = label.partition(" ")
    return formats.country_name(country, language), formats.percent(Fraction(rate or 0), language)


def currency_choices(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Choices of a form: the code, and behind it the name."""
    language = get_language() or "en"
    return [(code, f"{code} · {formats.currency_name(code, language)}") for code in codes]


def plan_names(language: str) -> dict[str, str]:
    """Code -> name of every plan, on sale or not."""
    return {plan.code: words_for(plan.names, language) for plan in catalogue.all_plans()}


# Why a person looks at a closing before it begins: codes of `rules.closure_checklist.doubts`.
CLOSING_DOUBTS = {
    "phone_of_many": _(
        "Several accounts had an eSIM on this customer's phone. Is it the customer who leaves, or "
        "somebody who closes accounts for others?"
    ),
    "dispute_lost": _("A bank took money back for good. Is anything still owed or open?"),
}
# What a closing gave back or holds, and what stops one: the customer's own page says "you".
CLOSING_MONEY = {
    "paid_credit_left": _("Balance that they paid in"),
    "credit_held": _("Balance that their bank looks at"),
    "refund_open": _("Back for plans, if they ask now"),
    "refund_in_progress": _("Asked for, not decided"),
    "money_moving": _("On its way to them"),
    "money_held": _("Waits for their bank"),
    "money_asked": _("Needs another way"),
    "voucher_unredeemed": _("Vouchers that they bought"),
    "promo_credit_lost": _("Gifts, never payable in cash"),
}
CLOSING_HELD_BY = {
    "refund_in_progress": _("A request for money back is not decided yet."),
    "order_in_progress": _("An order is not finished."),
    "paid_credit_left": _("They have a balance again: they take it out first."),
    "recent_contact_change": _(
        "Their address or a way to sign in was changed: an account rests for 72 hours after that."
    ),
}
