"""Jobs of the wallet."""

from __future__ import annotations

from datetime import datetime

from procrastinate.contrib.django import app

from fairroam.apps.journal.models import Event
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet import tasks
from fairroam.apps.wallet.operations import handing, selling
from fairroam.clock import now
from fairroam.worker.reacting import reaction


@reaction
def tell_wallet(event: Event, at: datetime) -> None:
    if event.kind == "wallet.topped_up":
        tasks.tell_topped_up(top_up_id=event.facts["top_up_id"], now=at)
    else:
        tasks.tell_balance_refunded(balance_refund_id=event.facts["balance_refund_id"], now=at)


@reaction
def tell_credit(event: Event, at: datetime) -> None:
    transfer_id = event.facts["credit_transfer_id"]
    tasks.tell_transfer(transfer_id=transfer_id, kind=event.kind, now=at)


@reaction
def tell_voucher(event: Event, at: datetime) -> None:
    tasks.tell_voucher(voucher_id=event.facts["voucher_id"], kind=event.kind, now=at)


@reaction
def lose_voucher(event: Event, at: datetime) -> None:
    selling.lose_voucher(payment_id=event.facts["payment_id"], now=at)


@reaction
def mail_voucher_code(event: Event, at: datetime) -> None:
    tasks.mail_code(voucher_id=event.facts["voucher_id"], now=at)


@app.periodic(cron="*/5 * * * *")
@app.task(name="move_credit")
def move_credit(timestamp: int) -> None:
    """Credit that has rested arrives; what nobody accepted in time, and gifts, end.

    Whoever bought a voucher that nobody redeems hears of its end in time; codes for others leave
    on the day that was chosen.
    """
    at = now()
    for transfer_id in wallet.due_transfers(at):
        wallet.finish_credit(transfer_id=transfer_id, now=at)
    for customer_id in wallet.owners_of_expired(at):
        wallet.end_expired(customer_id=customer_id, now=at)
    for voucher_id in selling.ending_soon(at):
        selling.warn_of_end(voucher_id=voucher_id, now=at)
    for voucher_id in handing.due(at).values_list("pk", flat=True):
        tasks.mail_code(voucher_id=voucher_id, now=at)
    handing.forget_recipients(at)
