"""Numbers that are kept: who one is, until when a number is safe, what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.catalogue.refusals import NoSuchPlan
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import tasks
from fairroam.apps.esims.operations import (
    numbers_identity,
    numbers_keep,
    numbers_port,
    numbers_renew,
)
from fairroam.apps.esims.queries import numbers
from fairroam.apps.esims.queries.numbers import KeepingPage
from fairroam.apps.esims.refusals import AlreadyKnown
from fairroam.apps.journal.refusals import KeyReused, Refusal
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_rows
from fairroam.clock import now
from fairroam.web.account.live import render_live
from fairroam.web.account.me import customers_only
from fairroam.web.account.step_up import step_up_required
from fairroam.web.components.refused import render_refused
from fairroam.web.site.checkout import AgreedForm, consents_needed
from fairroam.web.site.orders import remember_order

NEWS_SECONDS = 2
UNDER_WAY = ("asked", "started")  # stages of a check in which news comes by itself


class KeyForm(forms.Form):
    """Nothing but the click."""

    key = forms.UUIDField(widget=forms.HiddenInput)


class AgreeForm(forms.Form):
    """Consent to one act at one price, as this page showed them."""

    rule = forms.CharField(max_length=60, widget=forms.HiddenInput)
    agreed = forms.BooleanField(
        label=gettext_lazy("Do this for me whenever my number would be lost otherwise."),
    )


class RenewForm(AgreedForm, KeyForm):
    """The boxes of a purchase, never ticked in advance."""


# Who somebody is ---------------------------------------------------------------------------------


@never_cache
@customers_only
@require_safe
def overview(request: HttpRequest, customer: Customer) -> HttpResponse:
    """The customer's numbers, and whether we know who they are."""
    check = numbers.check_of(customer.pk)
    stage = check.stage if check else ""
    keepings = numbers.keepings_of(customer.pk, now=now())
    context = {
        "check": check,
        "keepings": keepings,
        "key": uuid4(),
        "can_ask": stage not in ("verified", "with_a_person"),
        "can_check_now": settings.FAIRROAM_IDENTITY_URL and stage not in UNDER_WAY,
    }
    is_coming = stage == "verified" and any(
        keeping.stage == "waiting_for_identity" for keeping in keepings
    )
    return render_live(
        request,
        "account/numbers.html",
        context,
        part="account/numbers_part.html",
        seconds=NEWS_SECONDS if stage in UNDER_WAY or is_coming else None,
    )


@customers_only
@require_POST
def identify(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Begin a check, or hand it to a person at the desk."""
    form = KeyForm(request.POST)
    if form.is_valid():
        by_person = "by_person" in request.POST or not settings.FAIRROAM_IDENTITY_URL
        with suppress(AlreadyKnown, KeyReused):  # The page says what is known.
            numbers_identity.ask_check(
                customer_id=customer.pk,
                key=form.cleaned_data["key"],
                by_person=by_person,
                now=now(),
            )
    return redirect("account:numbers")


# One number --------------------------------------------------------------------------------------


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def number(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """One number: its clock, what counts, what we may do, and the way to another operator."""
    at = now()
    page = numbers.keeping_page(line_id, customer.pk, now=at)
    context = shown(page, customer, at)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        return render(request, "account/number.html", context)
    form = AgreeForm(request.POST) if act is agree else KeyForm(request.POST)
    if not form.is_valid():
        context["agree_form" if act is agree else "form"] = form
        return render(request, "account/number.html", context, status=422)
    try:
        act(page, form.cleaned_data, at)
    except Refusal as refusal:
        return render_refused(request, "account/number.html", form, refusal, **context)
    if request.POST.get("then") == "leave":
        return redirect("account:leave")
    return redirect("account:number", line_id)


def agree(page: KeepingPage, said: dict[str, Any], at: datetime) -> None:
    numbers_keep.agree_automatic(
        line_id=page.line_id, customer_id=page.customer_id, rule=said["rule"], now=at
    )


def stop_automatic(page: KeepingPage, said: dict[str, Any], at: datetime) -> None:
    numbers_keep.stop_automatic(line_id=page.line_id, customer_id=page.customer_id, now=at)


def stop_renewal(page: KeepingPage, said: dict[str, Any], at: datetime) -> None:
    numbers_renew.choose_renewal(
        line_id=page.line_id, customer_id=page.customer_id, renews=False, now=at
    )


def resume_renewal(page: KeepingPage, said: dict[str, Any], at: datetime) -> None:
    numbers_renew.choose_renewal(
        line_id=page.line_id, customer_id=page.customer_id, renews=True, now=at
    )


def port_out(page: KeepingPage, said: dict[str, Any], at: datetime) -> None:
    numbers_port.ask_port_out(
        line_id=page.line_id,
        customer_id=page.customer_id,
        key=said["key"],
        capabilities=tasks.line_gateway().capabilities,
        now=at,
    )


Act = Callable[[KeepingPage, dict[str, Any], datetime], None]
ACTS: dict[str, Act] = {
    "agree": agree,
    "stop_automatic": stop_automatic,
    "stop_renewal": stop_renewal,
    "resume_renewal": resume_renewal,
    "port_out": port_out,
}


def shown(page: KeepingPage, customer: Customer, at: datetime) -> dict[str, Any]:
    """What the page of one number shows."""
    plan = None
    with suppress(NoSuchPlan):  # Not sold any more: there is nothing to renew.
        plan = catalogue.plan(order_rows.terms_of(page.line_id).plan_copy["code"])
    return {
        "page": page,
        "zone": customer.zone,
        "plan": plan,
        "steps": steps(page, at),
        "agree_form": AgreeForm(initial={"rule": page.rule.name}),
        "key": uuid4(),
        "can_port_out": page.rule.port_out and tasks.line_gateway().capabilities.ports_out,
    }


def steps(page: KeepingPage, at: datetime) -> list[dict[str, object]]:
    """The clock of a number, from its last use to the day when somebody else may get it."""
    found = page.forecast
    if found is None:
        return []
    rows: list[tuple[str, datetime | None]] = [
        (_("Last use that counted"), found.last_qualifying.happened_at)
    ]
    if not page.is_automatic:
        rows += [
            (
                ngettext("Mail, %(days)d day before", "Mail, %(days)d days before", days)
                % {"days": days},
                moment,
            )
            for days, moment in found.warn_at
        ]
    rows.append((_("Must be used before this"), found.deadline))
    if found.grace_until > found.deadline:
        rows.append((_("Can be saved until"), found.grace_until))
    if found.quarantine_until is not None:
        rows.append((_("Nobody else gets it until"), found.quarantine_until))
    ahead = next((place for place, (_label, when) in enumerate(rows) if when and when > at), -1)
    return [
        {
            "label": label,
            "at": when,
            "state": "done" if when and when <= at else "now" if place == ahead else "ahead",
        }
        for place, (label, when) in enumerate(rows)
    ]


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """The code with which the number moves: only right after its owner has shown who they are."""
    page = numbers.keeping_page(line_id, customer.pk, now=now())
    secret = numbers.port_out_code_of(line_id, customer.pk)
    return show_code(request, customer, page, secret)


@step_up_required(reads=True)
def show_code(
    request: HttpRequest, customer: Customer, page: KeepingPage, secret: str
) -> HttpResponse:
    numbers_port.note_shown(line_id=page.line_id, customer_id=customer.pk, now=now())
    context = {"page": page, "zone": customer.zone, "code": secret}
    return render(request, "account/number_code.html", context)


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, customer: Customer, line_id: int) -> HttpResponse:
    """Order the next period: an order line of its own, with its own right to withdraw."""
    at = now()
    page = numbers.keeping_page(line_id, customer.pk, now=at)
    plan = catalogue.plan(order_rows.terms_of(line_id).plan_copy["code"])
    if page.stage != "kept":
        return redirect("account:number", line_id)
    context = {"page": page, "plan": plan, "zone": customer.zone}
    needed = consents_needed(customer.residence, plan, at)
    form = RenewForm(request.POST or None, initial={"key": uuid4()}, needed=needed)
    template = "account/number_renew.html"
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, template, {**context, "form": form}, status=status)
    assert customer.user is not None  # who is signed in has an open account
    try:
        order = orders.place_order(
            plan_code=plan.code,
            quantity=1,
            email=customer.user.email,
            residence=customer.residence,
            language=customer.language,
            consents=form.consents(),
            key=form.cleaned_data["key"],
            now=at,
            tops_up=line_id,
        )
    except Refusal as refusal:
        return render_refused(request, template, form, refusal, **context)
    numbers_renew.record_renewal(
        line_id=line_id, customer_id=customer.pk, order_id=order.pk, now=at
    )
    remember_order(request, order.number)
    return redirect("site:order", order.number)
