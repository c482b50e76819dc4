"""Pay money into the wallet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers import operations as customers
from fairroam.apps.journal import operations as journal
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.payments import operations as payments
from fairroam.apps.wallet.models import Terms, TopUp
from fairroam.apps.wallet.operations.charging import prepare_charge
from fairroam.apps.wallet.operations.lots import open_lot
from fairroam.apps.wallet.queries import bonus_of, terms
from fairroam.rules.money import Money


@transaction.atomic
def set_terms(*, currency: str, now: datetime, **agreed: Any) -> Terms:
    """What top-ups in that currency give from now on; the same again changes nothing.

    agreed: burn, least_minor, most_minor, bonus_steps, promo_days, transfer_day_minor.
    """
    newest = Terms.objects.filter(currency=currency).order_by("-counts_from").first()
    if newest is not None and all(getattr(newest, name) == told for name, told in agreed.items()):
        return newest
    return Terms.objects.create(currency=currency, counts_from=now, **agreed)


def top_up(*, customer_id: int, amount: Money, key: UUID, now: datetime) -> TopUp:
    """Ask for money into the wallet; it counts once it is paid. key: of the form.

    Raises AmountOutOfBounds, NoWalletTerms, WayNotOffered, AccountClosed, AccountLeaving,
    KeyReused.
    """

    def work() -> dict[str, Any]:
        return {"top_up_id": open_top_up(customer_id, amount, key, now).pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="wallet-top-up",
        key=str(key),
        request={"minor": amount.minor, "currency": amount.currency},
        work=work,
        now=now,
    )
    return TopUp.objects.select_related("payment").get(pk=answer["top_up_id"])


@transaction.atomic
def open_top_up(customer_id: int, amount: Money, key: UUID, now: datetime) -> TopUp:
    customer = customers.lock_for_new(customer_id)
    agreed = terms(amount.currency, now)
    payment = prepare_charge(
        customer=customer,
        amount=amount,
        agreed=agreed,
        key=key,
        description=_("Top-up of your wallet"),
        path="/account/wallet/",
        path_by_hand=f"/account/wallet/{key}/",
        now=now,
    )
    return TopUp.objects.create(
        customer=customer,
        payment=payment,
        currency=amount.currency,
        paid_minor=amount.minor,
        bonus_minor=bonus_of(agreed, amount.minor),
        burn=agreed.burn,
        promo_days=agreed.promo_days,
        asked_at=now,
    )


def is_top_up(payment_id: int) -> bool:
    """Whether this charge was for a wallet."""
    return TopUp.objects.filter(payment_id=payment_id).exists()


@transaction.atomic
def confirm_top_up(*, payment_id: int, amount: Money, provider_ref: str, now: datetime) -> None:
    """A top-up is paid: its credit is there, with the bonus as a gift of its own. Safe to repeat.

    Under an account that is being left it goes back; under one that has closed meanwhile it goes
    to suspense, and to a person.
    """
    found = TopUp.objects.select_related("payment").get(payment_id=payment_id)
    owner = customers.lock(found.customer_id)
    is_first = payments.record_captured(
        payment_id=payment_id, amount=amount, provider_ref=provider_ref, now=now
    )
    if not is_first:
        return
    if not owner.is_open:
        payments.keep_late_capture(payment_id=payment_id, now=now)
        return
    if owner.leaving_at is not None:
        payments.send_back_capture(payment_id=payment_id, act=f"top-up:{found.pk}", now=now)
        return
    TopUp.objects.filter(pk=found.pk).update(paid_at=now)
    cause = f"top-up:{found.pk}"
    open_lot(
        customer_id=found.customer_id,
        kind="paid",
        currency=found.currency,
        minor=found.paid_minor,
        origin="top_up",
        cause=cause,
        source=BookName("clearing", found.currency, label=found.payment.provider),
        payment_id=payment_id,
        top_up=found,
        now=now,
    )
    if found.bonus_minor:
        open_lot(
            customer_id=found.customer_id,
            kind="promo",
            currency=found.currency,
            minor=found.bonus_minor,
            origin="top_up",
            cause=cause,
            source=BookName("goodwill", found.currency),
            top_up=found,
            expires_at=now + timedelta(days=found.promo_days),
            now=now,
        )
    journal.tell(
        "wallet.topped_up",
        actor=f"customer:{found.customer_id}",
        now=now,
        customer_id=found.customer_id,
        top_up_id=found.pk,
        paid_minor=found.paid_minor,
        bonus_minor=found.bonus_minor,
    )
