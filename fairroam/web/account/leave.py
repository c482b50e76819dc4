"""Leave: what it would mean, live; when; then the closing, step by step, until the certificate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.closures import operations, queries
from fairroam.apps.closures.queries import ClosureRow, closure_by_seal, seal_of, waivers
from fairroam.apps.closures.refusals import AlreadyClosing
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims.queries import numbers
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.orders import queries as orders
from fairroam.apps.papers import queries as papers
from fairroam.clock import now
from fairroam.rules.closure_checklist import Checklist, Item
from fairroam.rules.languages import words_for
from fairroam.web.account.leave_forms import AnswerForm, LeaveForm, UndoForm
from fairroam.web.account.live import render_live
from fairroam.web.account.me import customers_only
from fairroam.web.account.papers import as_file
from fairroam.web.account.security import device_of
from fairroam.web.account.step_up import proof_of, step_up_required
from fairroam.web.components.refused import render_refused

LOOK_SECONDS = 1  # while its steps are taken
WAIT_SECONDS = 60  # while it waits for its time or for a person
CHECKLIST_SECONDS = 5

STEPS = {
    "refunds": _("See that every request is decided"),
    "lines": _("Switch eSIMs off at the carrier"),
    "notices": _("Drop waiting messages"),
    "sessions": _("Sign out everywhere"),
    "close": _("Check that nothing is left, and close"),
    "erase": _("Erase personal data"),
    "rescan": _("Search everything for what was missed"),
    "certify": _("Sign the certificate"),
    "last_mail": _("Mail the certificate, drop the address"),
}
DOUBTS = {
    "phone_of_many": _("Several accounts had an eSIM on your phone: whether it is you who leaves."),
    "dispute_lost": _("A bank took money back for good: whether anything is still open."),
}
HELD_BY = {
    "refund_in_progress": _("A request for money back is not decided yet."),
    "order_in_progress": _("An order is not finished."),
    "paid_credit_left": _("You have a balance again: take it out first."),
    "recent_contact_change": _(
        "Your address or a way to sign in was changed: an account rests for 72 hours after that."
    ),
}
# Items of the checklist that are money, as the statement above it names them.
MONEY = {
    "paid_credit_left": _("Balance that you paid in"),
    "credit_held": _("Balance that your bank looks at"),
    "refund_open": _("Back for plans, if you ask now"),
    "refund_in_progress": _("Asked for, not decided"),
    "money_moving": _("On its way to you"),
    "money_held": _("Waits for your bank"),
    "money_asked": _("Needs another way"),
    "voucher_unredeemed": _("Vouchers that you bought"),
    "promo_credit_lost": _("Gifts, never payable in cash"),
}


@never_cache
@customers_only
@step_up_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The checklist, each item with its remedy; beside it when, and the one button."""
    at = now()
    if (row := queries.closure_of(customer.pk)) is not None:
        return redirect("account:leaving", seal_of(row))
    checklist = queries.checklist(customer.pk, at)
    if getattr(request, "htmx", False) and request.method == "GET":
        return render_checklist(request, customer, checklist)
    form = LeaveForm(
        request.POST or None,
        initial={"key": uuid4(), "timing": "after_rest"},
        now=at,
        zone=customer.zone,
        plan_ends_at=queries.plans_end_at(customer.pk),
        has_texts=bool(settings.FAIRROAM_SMS_URL),
    )
    context = page(request, customer, checklist, at)
    template = "account/leave.html"
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context, "form": form}, status=status)
    try:
        closure = operations.request_closure(
            customer_id=customer.pk,
            key=form.cleaned_data["key"],
            wish=form.wish,
            proof=proof_of(request, now=at),
            now=at,
            actor=f"customer:{customer.pk}",
        )
    except AlreadyClosing:
        return redirect("account:leave")
    except Refusal as refusal:
        return render_refused(request, template, form, refusal, **context)
    # The closing ends every sign-in, so its page's address carries a seal.
    return redirect("account:leaving", seal_of(closure))


def page(
    request: HttpRequest, customer: Customer, checklist: Checklist, at: datetime
) -> dict[str, Any]:
    return {
        "rests_until": people.rests_until(customer.pk, at),
        "rejected": queries.rejected_of(customer.pk),
        **listed(request, customer, checklist, at),
    }


def listed(
    request: HttpRequest, customer: Customer, checklist: Checklist, at: datetime
) -> dict[str, Any]:
    """What the list itself shows. Where somebody is signed in stands in no closing's record."""
    assert customer.user_id is not None  # who is signed in has an open account
    browsers = people.browsers_of(customer.user_id, this=request.session.session_key, now=at)
    return {
        "checklist": checklist,
        "items": list(named(checklist.items, customer)),
        "customer": customer,
        "money": list(statement(checklist)),
        "waivable": waivable(checklist, customer, at),
        "browsers": [device_of(row.user_agent) for row in browsers],
        "key": uuid4(),
        "seconds": CHECKLIST_SECONDS,
    }


def waivable(checklist: Checklist, customer: Customer, at: datetime) -> set[str]:
    """The currencies of balances that no way of paying takes back."""
    left = {item.facts["currency"] for item in checklist.items if item.code == "paid_credit_left"}
    return {currency for currency in left if waivers.waivable(customer.pk, currency, at)}


def named(items: Sequence[Item], customer: Customer) -> Iterator[tuple[Item, str]]:
    """Each item with the plan, or the number, that it is about; empty for what is about neither."""
    about = [item.facts.get("order_line_id") for item in items]
    sold = orders.terms_of_each([line_id for line_id in about if line_id is not None])
    for item, line_id in zip(items, about, strict=True):
        words = ""
        if line_id is not None:
            words = words_for(sold[line_id].plan_copy["names"], get_language() or "en")
        if item.code == "number_lost" and line_id is not None:
            with suppress(NotAmongYours):
                words = numbers.keeping_page(line_id, customer.pk, now=now()).number
        yield item, words


def statement(checklist: Checklist) -> Iterator[tuple[Any, str, int]]:
    """What of the customer's money is here: (words, currency, minor units), alike ones summed.

    Nobody ever owes us anything: all that is sold is paid for in advance.
    """
    sums: dict[tuple[str, str], int] = {}
    for item in checklist.items:
        if item.code in MONEY:
            key = (item.code, item.facts["currency"])
            sums[key] = sums.get(key, 0) + item.facts["minor"]
    for code, words in MONEY.items():
        yield from (
            (words, currency, minor) for (kind, currency), minor in sums.items() if kind == code
        )


def render_checklist(
    request: HttpRequest, customer: Customer, checklist: Checklist
) -> HttpResponse:
    """The list alone, while the page is open; the whole page anew once what blocks has changed."""
    was_clear = request.GET.get("clear") == "1"
    context = listed(request, customer, checklist, now())
    response = render(request, "account/leave_list.html", context)
    if was_clear != checklist.is_clear:
        response["HX-Refresh"] = "true"
    return response


def sealed(view: Any) -> Any:
    """Find the closing that the address opens; works without a sign-in."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, seal: str, **named: str) -> HttpResponse:
        row = closure_by_seal(seal, now())
        answer: HttpResponse = view(request, row, seal, **named)
        return answer

    return opened


@sealed
@require_safe
def progress(request: HttpRequest, row: ClosureRow, seal: str) -> HttpResponse:
    """How far the closing is; at its end the certificate. Works without a sign-in for a week."""
    context = {
        "closure": row,
        "seal": seal,
        "steps": timeline(row),
        "held_by": [HELD_BY[code] for code in row.held_by],
        "doubts": [DOUBTS[code] for code in row.doubts],
        "form": AnswerForm() if row.stage == "asked" else None,
    }
    return render_live(
        request,
        "account/leaving.html",
        context,
        part="account/leaving_part.html",
        seconds=look_seconds(row),
    )


@sealed
@require_safe
def certificate(request: HttpRequest, row: ClosureRow, seal: str, form: str) -> HttpResponse:
    """Download the certificate, for as long as the page of the closing opens."""
    found = papers.find_by_number(row.certificate) if row.certificate else None
    return as_file(request, found, form)


def look_seconds(row: ClosureRow) -> int | None:
    """When to look again; None once nothing moves any more."""
    if row.certificate or row.stage in ("reversed", "rejected"):
        return None
    return WAIT_SECONDS if row.can_be_undone else LOOK_SECONDS


@sealed
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: HttpRequest, row: ClosureRow, seal: str) -> HttpResponse:
    """Take the closing back: from the mail, without a sign-in, as it only leaves all as it was."""
    context = {"closure": row, "seal": seal}
    form = UndoForm(request.POST or None)
    if not form.is_valid():
        return render(request, "account/leave_undo.html", {**context, "form": form})
    try:
        operations.undo_closure(closure_id=row.id, now=now(), actor=f"customer:{row.customer_id}")
    except Refusal as refusal:
        return render_refused(request, "account/leave_undo.html", form, refusal, **context)
    return redirect("account:leaving", seal)


@sealed
@require_http_methods(["POST"])
def answer(request: HttpRequest, row: ClosureRow, seal: str) -> HttpResponse:
    """Answer what a person asked about the closing."""
    form = AnswerForm(request.POST)
    if form.is_valid():
        with suppress(Refusal):  # It has moved on meanwhile: its page says how far.
            operations.answer_review(closure_id=row.id, words=form.cleaned_data["words"], now=now())
    return redirect("account:leaving", seal)


def timeline(row: ClosureRow) -> list[dict[str, object]]:
    """The steps; the first one that is not done is what it works on."""
    steps: list[dict[str, object]] = []
    is_waiting = row.claimed_at is not None
    for step in row.steps:
        state = "done" if step.done_at else "now" if is_waiting else "ahead"
        is_waiting = is_waiting and bool(step.done_at)
        steps.append({"label": STEPS[step.name], "at": step.done_at, "state": state})
    return steps
