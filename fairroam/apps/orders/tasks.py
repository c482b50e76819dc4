"""Where orders speak, and where they ask the provider again."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.core import signing

from fairroam.apps.notices import operations as notices
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.orders.operations import trials
from fairroam.apps.orders.operations.hear import confirm_capture
from fairroam.apps.payments import tasks as payments
from fairroam.apps.payments.models import Payment
from fairroam.gateways.payments import PaymentStatus

TRIAL_SALT = "fairroam.trial"


def confirm_by_mail(*, order_id: int, now: datetime) -> None:
    """The contract confirmation: what was bought, the terms, the notice of withdrawal."""
    order = Order.objects.select_related("payment").get(pk=order_id)
    lines = order.lines.order_by("position")
    notices.send(
        kind="orders.confirmed",
        act=f"orders.confirmed:{order.pk}",
        customer_id=order.customer_id,
        paper_id=order.invoice_id,
        context={
            "order": order,
            "is_top_up": any(line.tops_up_id for line in lines),
            "lines": [
                {
                    "name": line.plan_name(order.language),
                    "price_minor": line.price_minor,
                }
                for line in lines
            ],
        },
        now=now,
    )


def tell_given_up(*, order_line_id: int, amount_minor: int, now: datetime) -> None:
    """Say that there is no eSIM for a line and that so much of its money is on its way back."""
    order = Order.objects.get(lines=order_line_id)
    line = order.lines.get(pk=order_line_id)
    notices.send(
        kind="orders.given_up",
        act=f"orders.given_up:{order_line_id}",
        customer_id=order.customer_id,
        context={
            "order": order,
            "is_top_up": line.tops_up_id is not None,
            "amount_minor": amount_minor,
        },
        now=now,
    )


def mail_trial_link(
    *, email: str, plan_code: str, residence: str, language: str, now: datetime
) -> None:
    """Mail the link that begins a free trial, at most one an hour to a mailbox.

    Whoever opens it has the mailbox; nothing is kept of who does not.
    """
    asked = {"plan": plan_code, "email": email, "residence": residence, "language": language}
    asked["key"] = str(uuid4())
    seal = signing.dumps(asked, salt=TRIAL_SALT)
    notices.queue(
        kind="orders.trial_link",
        act=f"orders.trial_link:{trials.mailbox_of(email)}:{now:%Y-%m-%d-%H}",
        address=email,
        language=language,
        context={"link": f"{settings.FAIRROAM_ADDRESS}/trial/begin/{seal}/"},
        now=now,
    )


def tell_trial(*, kind: str, order_line_id: int, now: datetime, ends_at: datetime | None) -> None:
    """Say that a trial is about to end, or that its phone had one before."""
    line = OrderLine.objects.select_related("order").get(pk=order_line_id)
    notices.send(
        kind=f"orders.{kind.replace('.', '_')}",  # orders.trial_ending, orders.trial_declined
        act=f"orders.{kind}:{order_line_id}",
        customer_id=line.order.customer_id,
        context={
            "order": line.order,
            "plan": line.plan_name(line.order.language),
            "ends_at": ends_at,
            "zone": line.order.zone,
        },
        now=now,
    )


def ask_about_payment(*, payment_id: int, now: datetime) -> None:
    """A notice may have been lost: ask the provider whether this charge was paid."""
    state = payments.look_up_payment(payment_id=payment_id, now=now)
    if state is None or state.status != PaymentStatus.SUCCEEDED:
        return
    payment = Payment.objects.get(pk=payment_id)
    confirm_capture(
        payment_id=payment_id,
        amount=state.captured,
        provider_ref=state.captured_ref or payment.provider_ref or "",
        now=now,
    )
