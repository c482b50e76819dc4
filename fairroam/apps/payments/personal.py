"""Charges and payouts name nobody; tax law wants them kept. Bank accounts go."""

from __future__ import annotations

from django.db.models import Q

from fairroam.apps.journal import personal
from fairroam.apps.journal.personal import BOOKS, GUARD, KEY, PROGRAM, SECRET, STAFF, STEP, Table
from fairroam.apps.payments.models import Payment, Payout

TO_ACCOUNTS = ("manual_payout", "sent", "held")  # stages of what still needs its account


def raw_notices(customer_id: int) -> Q:
    """Notices kept as they came that name a payment of the customer's."""
    refs = Payment.objects.filter(customer_id=customer_id, provider_ref__isnull=False)
    named = Q(pk__in=[])
    for ref in refs.values_list("provider_ref", flat=True):
        named |= Q(content__as_it_came__icontains=ref)  # `contains` would ask for the whole text
    return named & Q(content__has_key="as_it_came")


def accounts_in_no_settlement(customer_id: int) -> Q:
    """Bank accounts to which nothing is on its way that a closing has handed over.

    Those go when their money has arrived, see `operations.handing_over`.
    """
    awaited = Payout.objects.filter(
        account__isnull=False, handed_over_at__isnull=False, stage__in=TO_ACCOUNTS
    )
    return Q(customer_id=customer_id) & ~Q(pk__in=awaited.values("account_id"))


TABLES = (
    Table(
        name="payments_payment",
        about="money",
        whose="customer_id",
        why=BOOKS,
        kept="id provider method currency amount_minor captured_minor refunded_minor pending_minor"
        " charged_back_minor is_disputed stage provider_ref description language pay_url return_url"
        " prepared_at captured_at",
        withheld={SECRET: "pay_url return_url"},
        ours={KEY: "key customer_id", STEP: "ask_at"},
    ),
    Table(
        name="payments_bankaccount",
        about="money",
        whose=accounts_in_no_settlement,
        why=BOOKS,
        kept="id given_at",
        erased="holder iban",
        ours={KEY: "customer_id", STAFF: "given_by", STEP: "erased_at"},
    ),
    Table(
        name="payments_payout",
        about="money",
        whose="customer_id",
        why=BOOKS,
        kept="id payment_id cause currency amount_minor covered_minor stage rail account_id"
        " expected_from expected_by pay_by provider_ref reason planned_at sent_at arrived_at"
        " handed_over_at",
        ours={
            KEY: "key customer_id is_live",
            STEP: "is_by_hand rerouted_why is_in_good_faith alarmed_at attempts is_counted ask_at",
            STAFF: "sent_by_id confirmed_by_id",
        },
    ),
    Table(
        name="payments_dispute",
        about="money",
        whose="payment__customer_id",
        why=BOOKS,
        kept="id provider payment_id currency amount_minor stage heard_at ended_at words",
        withheld={GUARD: "words"},
        ours={
            KEY: "provider_ref",
            PROGRAM: "fee_minor",
            STEP: "amount_told_at",
            STAFF: "seen_by seen_at",
        },
    ),
    Table(
        name="payments_latemoney",
        about="money",
        whose="payment__customer_id",
        why=BOOKS,
        kept="id payment_id cause currency amount_minor stage came_at keep_until words",
        withheld={GUARD: "words"},
        ours={KEY: "returned_id sending_id owed_to_id account_id"},
    ),
    # What providers tell us, as they told it: the same figures as above in their own form.
    Table(
        name="payments_providerevent",
        about="money",
        whose=raw_notices,
        why=BOOKS,
        kept="provider kind received_at",
        erased="content",
        withheld={GUARD: "content"},
        ours={
            KEY: "id event_id",
            STEP: "outcome reason conclusion",
            STAFF: "words concluded_by concluded_at",
        },
    ),
    Table(
        name="payments_reportline",
        ours={
            PROGRAM: "id provider day position kind ref payment_ref reference currency minor",
        },
    ),
    Table(
        name="payments_difference",
        ours={
            PROGRAM: "id provider day kind ref currency ours_minor theirs_minor found_at"
            " resolved_at resolution",
            STAFF: "words resolved_by",
        },
    ),
)


def erase(customer_id: int) -> dict[str, int]:
    """Empty bank accounts and what was kept of notices as it came; how many values, per column."""
    return personal.erase(TABLES, customer_id)


def remains(customer_id: int) -> int:
    """How many personal values are still there."""
    return personal.remains(TABLES, customer_id)
