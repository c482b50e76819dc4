"""Send somebody the way to their code again: a link, never the code itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.esims.models import CodeLink
from fairroam.apps.esims.refusals import LinkUsedUp
from fairroam.apps.journal.operations import tell
from fairroam.apps.orders.models import Order

LINK_LIVES = timedelta(minutes=30)
LINKS_A_DAY_MAX = 5  # A stranger who knows number and address cannot fill a mailbox.


@transaction.atomic
def ask_for_code(*, order_number: str, email: str, now: datetime) -> None:
    """Have a link mailed to the buyer of that order, if number and address belong together.

    Says nothing about whether they do: the mail alone tells.
    """
    number = order_number.strip().upper()
    found = Order.objects.select_for_update(of=("self",), no_key=True).filter(
        number=number, customer__user__email__iexact=email.strip(), paid_at__isnull=False
    )
    order = found.first()
    if order is None:
        return
    if order.code_links.filter(made_at__gt=now - timedelta(days=1)).count() >= LINKS_A_DAY_MAX:
        return
    link = CodeLink.objects.create(order=order, made_at=now)
    tell(
        "code.link_made",
        actor="visitor",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        link_id=link.pk,
    )


@transaction.atomic
def use_link(*, link_id: int, now: datetime) -> str:
    """Use a mailed link up; the number of the order that it opens. Raises LinkUsedUp."""
    fresh = CodeLink.objects.filter(
        pk=link_id, used_at__isnull=True, made_at__gt=now - LINK_LIVES, made_at__lte=now
    )
    if not fresh.update(used_at=now):
        raise LinkUsedUp(link_id=link_id)
    order = CodeLink.objects.select_related("order").get(pk=link_id).order
    tell(
        "code.link_used",
        actor=f"customer:{order.customer_id}",
        now=now,
        customer_id=order.customer_id,
        order_id=order.pk,
        link_id=link_id,
    )
    return order.number
