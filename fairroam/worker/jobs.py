"""Every job that the queue can run. Each is safe twice.

A reaction is a job that gets an event; its name stands in `reactions.py`. A job that raises is
asked again with growing pauses; the keys of its calls stay the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app

from fairroam.apps.closures import tasks as closures
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims import queries as esim_queries
from fairroam.apps.esims import tasks as esim_tasks
from fairroam.apps.esims.operations import numbers_give, numbers_renew
from fairroam.apps.esims.queries import numbers as number_queries
from fairroam.apps.esims.tasks import number_mails
from fairroam.apps.esims.tasks import numbers as number_tasks
from fairroam.apps.journal.models import Event
from fairroam.apps.metering import operations as metering
from fairroam.apps.metering import tasks as usage_tasks
from fairroam.apps.notices import tasks as notices
from fairroam.apps.notices.tasks import pushing
from fairroam.apps.orders import operations as orders
from fairroam.apps.orders import queries as order_queries
from fairroam.apps.orders import tasks as order_tasks
from fairroam.apps.payments import tasks as payments
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import tasks as refund_tasks
from fairroam.apps.refunds.operations import everyone
from fairroam.apps.suppliers import operations as supplier_acts
from fairroam.apps.suppliers import tasks as suppliers
from fairroam.worker import (
    closings,
    conversations,
    exporting,
    giving,
    numbers,
    payouts,
    people,
    trials,
    usage,
    wallet,
)
from fairroam.worker.reacting import PATIENT, reaction
from fairroam.worker.reactions import REACTIONS


@app.task(name="react", retry=PATIENT)
def react(event_id: int) -> None:
    """Queue one job for each reaction to an event, so that one failing repeats no other."""
    event = Event.objects.get(pk=event_id)
    for name in REACTIONS[event.kind]:
        app.configure_task(name).defer(event_id=event_id)


@app.task(name="react_each", retry=PATIENT)
def react_each(event_ids: list[int]) -> None:
    """Do as `react` for events that were told together: all of them or none."""
    with transaction.atomic():
        for event_id in event_ids:
            react(event_id)


# Buying ---------------------------------------------------------------------------------------
@reaction
def start_payment(event: Event, at: datetime) -> None:
    payments.start_payment(payment_id=event.facts["payment_id"], now=at)


@reaction
def take_payment(event: Event, at: datetime) -> None:
    order_tasks.ask_about_payment(payment_id=event.facts["payment_id"], now=at)


@reaction
def plan_lines(event: Event, at: datetime) -> None:
    for order_line_id in event.facts["order_line_ids"]:
        terms = order_queries.terms_of(order_line_id)
        if terms.tops_up is not None:
            attach_pack(order_line_id, terms.tops_up, at)
            continue
        metering.open_meters(order_line_id=order_line_id, now=at)
        esims.plan_line(
            order_line_id=order_line_id,
            customer_id=terms.customer_id,
            profile_type=terms.plan_copy["profile_type"],
            is_reusable=terms.plan_copy.get("is_profile_reusable", False),
            now=at,
        )


def attach_pack(order_line_id: int, base_id: int, at: datetime) -> None:
    """Let a paid pack burn on the eSIM it was bought for; without that its money goes back."""
    if esim_queries.line_state(base_id).stage in ("terminating", "terminated"):
        orders.give_up(order_line_id=order_line_id, now=at)
        return
    if esim_queries.is_resold(base_id):
        supplier_acts.plan_top_up(order_line_id=order_line_id, now=at)
        return
    metering.open_meters(order_line_id=order_line_id, now=at)
    orders.record_delivery(order_line_id=order_line_id, now=at)


@reaction
def confirm_order(event: Event, at: datetime) -> None:
    order_tasks.confirm_by_mail(order_id=event.facts["order_id"], now=at)


@reaction
def provision(event: Event, at: datetime) -> None:
    order_line_id, profile_id = event.facts["order_line_id"], event.facts["profile_id"]
    if esim_queries.is_resold(order_line_id):
        suppliers.plan_and_order(order_line_id=order_line_id, profile_id=profile_id, now=at)
        return
    esim_tasks.provision(profile_id=profile_id, now=at)


@reaction
def record_delivery(event: Event, at: datetime) -> None:
    orders.record_delivery(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def tell_ready(event: Event, at: datetime) -> None:
    esim_tasks.tell_customer(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def give_up_line(event: Event, at: datetime) -> None:
    orders.give_up(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def tell_given_up(event: Event, at: datetime) -> None:
    line_id, minor = event.facts["order_line_id"], event.facts["amount_minor"]
    order_tasks.tell_given_up(order_line_id=line_id, amount_minor=minor, now=at)


# The life of a line ---------------------------------------------------------------------------
@reaction
def do_line_act(event: Event, at: datetime) -> None:
    is_resold = esim_queries.is_resold(event.facts["order_line_id"])
    do_act = suppliers.do_act if is_resold else esim_tasks.do_act
    do_act(act_id=event.facts["act_id"], now=at)


@reaction
def tell_line_act(event: Event, at: datetime) -> None:
    esim_tasks.tell_act(act_id=event.facts["act_id"], now=at)


@reaction
def send_preferences(event: Event, at: datetime) -> None:
    """A new profile starts without the networks that were chosen for the former one."""
    if event.facts["act"] in ("activate_again", "change_phone"):
        esim_tasks.send_preferences(
            order_line_id=event.facts["order_line_id"], act_id=event.facts["act_id"], now=at
        )


@reaction
def help_to_attach(event: Event, at: datetime) -> None:
    esim_tasks.help_to_attach(
        order_line_id=event.facts["order_line_id"], profile_id=event.facts["profile_id"], now=at
    )


@reaction
def mail_code_link(event: Event, at: datetime) -> None:
    esim_tasks.mail_code_link(link_id=event.facts["link_id"], now=at)


# Numbers that are kept --------------------------------------------------------------------------
@reaction
def ask_number(event: Event, at: datetime) -> None:
    numbers_give.ask_number(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def consider_number(event: Event, at: datetime) -> None:
    numbers_give.consider(line_id=event.facts["line_id"], now=at)


@reaction
def consider_numbers(event: Event, at: datetime) -> None:
    """We know now who this customer is."""
    assert event.customer_id is not None
    for line_id in number_queries.waiting_lines_of(event.customer_id):
        numbers_give.consider(line_id=line_id, now=at)


@reaction
def start_number_plan(event: Event, at: datetime) -> None:
    numbers.start_period(event.facts["line_id"], now=at)


@reaction
def record_paid_period(event: Event, at: datetime) -> None:
    if event.facts["ends_at"] is None:
        return  # It never ends by itself: nothing is renewed.
    numbers_renew.record_period(
        order_line_id=event.facts["order_line_id"],
        ends_at=datetime.fromisoformat(event.facts["ends_at"]),
        now=at,
    )


@reaction
def pay_back_refused_number(event: Event, at: datetime) -> None:
    """The line is proven off; if that was because its number was refused, all is paid back."""
    if number_queries.refused_line(event.facts["order_line_id"]):
        orders.give_up(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def keep_alive(event: Event, at: datetime) -> None:
    number_tasks.keep_alive(keep_alive_id=event.facts["keep_alive_id"], now=at)


@reaction
def fetch_port_out_code(event: Event, at: datetime) -> None:
    number_tasks.fetch_port_out_code(port_out_id=event.facts["port_out_id"], now=at)


@reaction
def start_check(event: Event, at: datetime) -> None:
    number_tasks.start_check(check_id=event.facts["check_id"], now=at)


@reaction
def tell_number(event: Event, at: datetime) -> None:
    number_mails.tell_number(kind=event.kind, facts=event.facts, event_id=event.pk, now=at)


@reaction
def tell_identity(event: Event, at: datetime) -> None:
    assert event.customer_id is not None
    number_mails.tell_identity(
        customer_id=event.customer_id, check_id=event.facts["check_id"], now=at
    )


@reaction
def import_usage_file(event: Event, at: datetime) -> None:
    usage_tasks.import_received(import_id=event.facts["import_id"], now=at)


# Money back -----------------------------------------------------------------------------------
@reaction
def take_off_line(event: Event, at: datetime) -> None:
    if esim_queries.is_resold(event.facts["order_line_id"]):
        suppliers.end_esim(order_line_id=event.facts["order_line_id"], now=at)
        return
    esim_tasks.take_off(line_id=event.facts["order_line_id"], now=at)


@reaction
def decide_refund(event: Event, at: datetime) -> None:
    refunds.line_is_off(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def stop_packs(event: Event, at: datetime) -> None:
    """A line that has ended ends the packs on it; each keeps its own right to money back."""
    for order_line_id in order_queries.top_ups_of(event.facts["order_line_id"]):
        metering.stop_pack(order_line_id, at)


@reaction
def decide_without_proof(event: Event, at: datetime) -> None:
    refunds.network_is_silent(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def tell_refund(event: Event, at: datetime) -> None:
    refund_tasks.tell_customer(kind=event.kind, facts=event.facts, now=at)


# Declared at a public door --------------------------------------------------------------------
@reaction
def acknowledge_declaration(event: Event, at: datetime) -> None:
    refund_tasks.acknowledge_declaration(declaration_id=event.facts["declaration_id"], now=at)


@reaction
def tell_contract_left(event: Event, at: datetime) -> None:
    refund_tasks.tell_contract_left(declaration_id=event.facts["declaration_id"], now=at)


@reaction
def tell_declaration_closed(event: Event, at: datetime) -> None:
    refund_tasks.tell_declaration_closed(declaration_id=event.facts["declaration_id"], now=at)


# Money back to everybody whom an incident hit ---------------------------------------------------
@reaction
def count_run(event: Event, at: datetime) -> None:
    everyone.preview(run_id=event.facts["run_id"], now=at)


@reaction
def give_to_everyone(event: Event, at: datetime) -> None:
    giving.give_to_everyone(event.facts["run_id"])


# Suppliers ------------------------------------------------------------------------------------
@reaction
def end_supplier_esim(event: Event, at: datetime) -> None:
    suppliers.end_esim(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def buy_top_up(event: Event, at: datetime) -> None:
    suppliers.buy_top_up(order_line_id=event.facts["order_line_id"], now=at)


@reaction
def ask_supplier(event: Event, at: datetime) -> None:
    suppliers.ask_again(
        supplier=event.facts["supplier"], order_line_id=event.facts["order_line_id"], now=at
    )


@reaction
def write_off_wholesale(event: Event, at: datetime) -> None:
    supplier_acts.write_off(order_line_id=event.facts["order_line_id"], now=at)
    supplier_acts.write_off_top_up(order_line_id=event.facts["order_line_id"], now=at)


# Leaving --------------------------------------------------------------------------------------
@reaction
def take_closing_step(event: Event, at: datetime) -> None:
    closures.take_next_step(closure_id=event.facts["closure_id"], now=at)


@reaction
def tell_closing(event: Event, at: datetime) -> None:
    closures.tell_customer(
        kind=event.kind, closure_id=event.facts["closure_id"], event_id=event.pk, now=at
    )


@reaction
def continue_closing(event: Event, at: datetime) -> None:
    """Something that a closing may wait for has happened to this customer."""
    assert event.customer_id is not None
    closures.continue_closing(customer_id=event.customer_id, now=at)


# Messages -------------------------------------------------------------------------------------
@reaction
def deliver_notice(event: Event, at: datetime) -> None:
    notices.deliver(notice_id=event.facts["notice_id"], now=at)


@reaction
def push_notice(event: Event, at: datetime) -> None:
    pushing.push(notice_id=event.facts["notice_id"], now=at)


@reaction
def record_contract_notice(event: Event, at: datetime) -> None:
    kind, _, number = str(event.facts["act"]).partition(":")
    if kind == "orders.confirmed":
        orders.record_notice(order_id=int(number), now=event.happened_at)


def registered() -> dict[str, Any]:
    """Every job by its name."""
    # Rooms of their own, known by their import.
    assert all((closings, conversations, exporting, payouts, people, wallet, trials, usage))
    return {name: task for name, task in app.tasks.items() if not name.startswith("builtin")}
