"""Money back: the page opens with the answer, then follows the money to the cent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fairroam import rules
from fairroam.apps.customers.models import Customer
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries.bargains import bargain_of
from fairroam.apps.refunds.queries.clocks import WITH_PEOPLE
from fairroam.apps.refunds.queries.facts import Standing
from fairroam.apps.refunds.queries.outlook import Outlook, outlook
from fairroam.clock import now
from fairroam.rules.outside_help import outside_help
from fairroam.web.account import changes
from fairroam.web.account.live import render_live
from fairroam.web.account.me import customers_only
from fairroam.web.account.refund_form import RefundForm
from fairroam.web.components import formats
from fairroam.web.components.refused import render_refused, sentence_of
from fairroam.web.components.three_answers import three_answers
from fairroam.web.components.uploads import harmless

# What a step is called once it has happened, and while it is still ahead.
STEPS = {
    "asked": (_("You asked"), _("You ask")),
    "line_off": (_("Plan switched off, proven"), _("The plan is being switched off")),
    "decided": (_("Decided"), _("Decision")),
    "sent": (_("Money sent"), _("Money leaves")),
    "arrived": (_("Money arrived"), _("Money arrives")),
}
BEFORE_PROOF = ("submitted", "waiting_for_network")  # stages that wait for the network
LOOK_SECONDS = 1
# What would change the amount, in words; a sentence gets the new amount, and the day if any.
OUTLOOK = {
    "later": _("From %(when)s on: %(amount)s"),
    "switched_on": _("Once a network has seen the eSIM: %(amount)s"),
    "used_tenth": _("After using another tenth of the plan: %(amount)s"),
    "not_repaired": _("If it does not work and cannot be repaired by %(when)s: %(amount)s"),
    "outage_day": _("If the network failed for a day and we confirm it: %(amount)s"),
}


def page(standing: Standing, language: str, at: datetime) -> dict[str, Any]:
    """The line and what the rules say of it, as the template shows them."""
    terms, quote = standing.terms, standing.quote(at, at)
    outlooks = outlook(quote, validity_days=terms.plan_copy["validity_days"])
    return {
        "terms": terms,
        "quote": quote,
        "decision": quote.decision,
        "lines": rules.explain(quote.decision, language),
        "answers": three_answers(quote.facts, quote.decision, language),
        "changes": [in_words(one, quote.currency, terms.zone, language) for one in outlooks],
    }


def in_words(change: Outlook, currency: str, zone: str, language: str) -> str:
    when = formats.until(change.at, zone, language) if change.at else ""
    amount = formats.money(change.due, currency, language)
    return str(OUTLOOK[change.kind]) % {"when": when, "amount": amount}


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """The answer first: amount, reasons, deadline, what would change it. Then a quote."""
    at = now()
    standing, open_refund = queries.own_standing(line_id, customer.pk)
    if open_refund is not None and request.method != "POST":
        return redirect("account:refund", open_refund)
    if not standing.terms.paid:
        status = 409 if request.method == "POST" else 200
        free = {"terms": standing.terms}
        return render(request, "account/refund_free.html", free, status=status)
    form = RefundForm(
        request.POST or None,
        request.FILES or None,
        own_currency=standing.terms.currency,
        destinations=queries.destinations(standing.terms, now=at),
    )
    template = "account/refund_request.html"

    def context() -> dict[str, Any]:
        return {**page(standing, request.LANGUAGE_CODE, at), "open_refund": open_refund}

    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context(), "form": form}, status=status)
    try:
        add_files(form, line_id, customer, "other")
        quote = operations.make_quote(
            order_line_id=line_id,
            customer_id=customer.pk,
            key=form.cleaned_data["key"],
            choice=form.choice,
            now=at,
        )
    except Refusal as refusal:  # what was typed stays; the status is the refusal's
        return render_refused(request, template, form, refusal, **context())
    return redirect("account:quote", quote.key)


def add_files(form: Form, line_id: int, customer: Customer, kind: str) -> None:
    """Keep what came with a form as files of that plan. Raises what `evidence` refuses."""
    if files := harmless(form.cleaned_data["uploads"], kind=kind):
        operations.add_files(order_line_id=line_id, customer_id=customer.pk, files=files, now=now())


@never_cache
@customers_only
@require_safe
def refund(request: HttpRequest, customer: Customer, refund_id: int) -> HttpResponse:
    """How far the money is. htmx asks for the moving part again while it moves."""
    row = queries.refund(refund_id, customer.pk)
    return show(request, row)


def show(request: HttpRequest, row: queries.RefundRow, **more: object) -> HttpResponse:
    context = {
        "refund": row,
        "lines": row.decision.lines(request.LANGUAGE_CODE) if row.decision else [],
        "steps": timeline(row, request.LANGUAGE_CODE),
        "bargain": bargain_of(row),
        "files": queries.files_of_case(row.given, row.thread_id),
        "help": outside_help(row.decision.facts["residence"]) if row.decision else (),
        "changes": [changes.in_words(one, row.zone, request.LANGUAGE_CODE) for one in row.changes],
        **more,
    }
    return render_live(
        request,
        "account/refund.html",
        context,
        part="account/refund_part.html",
        seconds=LOOK_SECONDS if row.is_open else None,
    )


def timeline(row: queries.RefundRow, language: str) -> list[dict[str, object]]:
    """The steps of a request in their order; the first one ahead is what it waits for."""
    steps: list[dict[str, object]] = []
    is_waiting = row.is_open
    for step in row.timeline:
        at = None if is_open_question(row, step.code) else step.at
        if at is None and (not row.is_open or is_left_out(row, step.code)):
            continue
        state = "done" if at else "now" if is_waiting else "ahead"
        label = STEPS[step.code][0 if at else 1]
        steps.append({"label": label, "at": at, "state": state, "note": note(row, step, language)})
        is_waiting = is_waiting and at is not None
    if row.stage == "payout_failed":
        steps[-1]["state"] = "trouble"
    return steps


def is_open_question(row: queries.RefundRow, code: str) -> bool:
    """Whether a person decides anew what the rules left open."""
    return code == "decided" and row.stage in WITH_PEOPLE


def is_left_out(row: queries.RefundRow, code: str) -> bool:
    """Whether the step does not belong to this request: its plan goes on, or may go on."""
    return code == "line_off" and row.stage not in BEFORE_PROOF


def note(row: queries.RefundRow, step: queries.TimelineStep, language: str) -> str:
    """Until when a step ahead will be taken."""
    if is_open_question(row, step.code):
        return gettext("by a person, until %(end)s") % {
            "end": formats.until(row.decide_by, row.zone, language)
        }
    if step.code == "sent" and step.at is None and row.pay_by:
        return gettext("on %(day)s at the latest") % {"day": formats.day(row.pay_by, language)}
    days = [part.expected_by for part in row.parts if part.expected_by and not part.arrived_at]
    if step.code == "arrived" and days:
        return gettext("expected by %(day)s") % {"day": formats.day(max(days), language)}
    return ""


@customers_only
@require_POST
def take_back(request: HttpRequest, customer: Customer, refund_id: int) -> HttpResponse:
    """Take a request back while nobody has decided."""
    return change(request, customer, refund_id, operations.withdraw_request)


@customers_only
@require_POST
def take_money(request: HttpRequest, customer: Customer, refund_id: int) -> HttpResponse:
    """Have the money after all, instead of what was wished for in its place."""
    return change(request, customer, refund_id, operations.take_money_instead)


def change(
    request: HttpRequest, customer: Customer, refund_id: int, act: Callable[..., None]
) -> HttpResponse:
    """Do `act` with one's own request, and show what it came to."""
    try:
        act(request_id=refund_id, customer_id=customer.pk, now=now())
    except NotAmongYours:
        raise
    except Refusal as refusal:  # Decided meanwhile: the page says so.
        said = {"code": refusal.code, "sentence": sentence_of(refusal)}
        answer = show(request, queries.refund(refund_id, customer.pk), refusal=said)
        answer.status_code = refusal.status
        return answer
    return redirect("account:refund", refund_id)
