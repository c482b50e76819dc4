"""Which address of the payment stand-in does what."""

from __future__ import annotations

import msgspec

from sandbox.controls import add_event_controls, read
from sandbox.hooks import Hooks
from sandbox.payments.asked import (
    DisputeEnd,
    NewDispute,
    NewIntent,
    NewRefund,
    NewSettlement,
    RefundMove,
    Settings,
)
from sandbox.payments.bank import Bank
from sandbox.payments.pay_page import pay_page
from sandbox.serving import Answer, Request, Service, json_answer, page, redirect
from sandbox.store import Store


def add_api(service: Service, store: Store, bank: Bank) -> None:
    """Add what shops call with their key."""

    @service.route("POST", "/v1/intents", call="start_payment")
    def start_payment(request: Request) -> Answer:
        return store.answer_once(
            request, lambda: json_answer(bank.start(read(request, NewIntent)), 201)
        )

    @service.route("GET", "/v1/intents", call="look_up_payment")
    def find_payments(request: Request) -> Answer:
        with store.act():
            return json_answer({"intents": bank.intents(request.query.get("reference", ""))})

    @service.route("GET", "/v1/intents/{id}", call="look_up_payment")
    def look_up_payment(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.intent(request.parts["id"]))

    @service.route("POST", "/v1/refunds", call="pay_back")
    def pay_back(request: Request) -> Answer:
        return store.answer_once(
            request, lambda: json_answer(bank.refund(read(request, NewRefund)), 201)
        )

    @service.route("GET", "/v1/refunds", call="look_up_payout")
    def find_payouts(request: Request) -> Answer:
        with store.act():
            return json_answer({"refunds": bank.refunds(request.query.get("reference", ""))})

    @service.route("GET", "/v1/refunds/{id}", call="look_up_payout")
    def look_up_payout(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.refund_by_id(request.parts["id"]))

    @service.route("GET", "/v1/reports/{date}", call="report")
    def report(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.report(request.parts["date"]))


def add_pay_page(service: Service, store: Store, bank: Bank) -> None:
    """Add what customers see: one page and its form, known only by the intent's id."""

    @service.route("GET", "/pay/{id}", is_open=True)
    def show(request: Request) -> Answer:
        with store.act():
            return page(pay_page(bank.intent(request.parts["id"])))

    @service.route("POST", "/pay/{id}", is_open=True)
    def pay(request: Request) -> Answer:
        with store.act():
            refusal = bank.pay(request.parts["id"], request.form().get("card", ""))
            intent = bank.intent(request.parts["id"])
        if refusal:
            return page(pay_page(intent, refusal=refusal), 422)
        return redirect(intent["return_url"])


def add_controls(service: Service, store: Store, bank: Bank, hooks: Hooks) -> None:
    """Add what tests and the demo turn: settings, refunds by hand, disputes, events."""

    @service.route("GET", "/_settings", is_open=True)
    def settings(request: Request) -> Answer:
        with store.act():
            return json_answer(msgspec.to_builtins(bank.settings()))

    @service.route("POST", "/_settings", is_open=True)
    def change_settings(request: Request) -> Answer:
        with store.act():
            bank.settle_by(read(request, Settings))
            return json_answer(msgspec.to_builtins(bank.settings()))

    @service.route("POST", "/_refunds/{id}", is_open=True)
    def move_refund(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.move_refund(request.parts["id"], read(request, RefundMove)))

    @service.route("POST", "/_disputes", is_open=True)
    def open_dispute(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.open_dispute(read(request, NewDispute)), 201)

    @service.route("POST", "/_disputes/{id}", is_open=True)
    def close_dispute(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.close_dispute(request.parts["id"], read(request, DisputeEnd)))

    @service.route("POST", "/_settlements", is_open=True)
    def settle(request: Request) -> Answer:
        with store.act():
            return json_answer(bank.settle(read(request, NewSettlement)), 201)

    add_event_controls(service, store, hooks)
