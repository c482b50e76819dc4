"""What leaving would mean for a customer now: all that the checklist depends on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from fairroam.apps.contacts import queries as contacts
from fairroam.apps.conversations.queries import threads_of
from fairroam.apps.customers import queries as people
from fairroam.apps.esims import queries as esims
from fairroam.apps.esims.queries import LineRow, numbers
from fairroam.apps.esims.queries.many import facts_of_each
from fairroam.apps.exports.queries import exported_since_change
from fairroam.apps.ledger import queries as ledger
from fairroam.apps.metering.queries.many import usage_of_each
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.queries import OrderPage
from fairroam.apps.payments import queries as payments
from fairroam.apps.refunds import queries as refunds
from fairroam.apps.wallet import queries as wallet
from fairroam.apps.wallet.queries import vouchers
from fairroam.rules.closure_checklist import (
    Checklist,
    Doubtful,
    KeptNumber,
    OnItsWay,
    OpenRefund,
    Pot,
    RefundRight,
    RunningPlan,
    Standing,
    check,
    doubts,
)

# Stages of payouts that do not move by themselves now.
WAITING = {"held": "held", "needs_account": "asked", "failed": "asked", "returned": "asked"}
ORDER_IN_PROGRESS = ("awaiting_payment", "paid", "fulfilling")


def checklist(customer_id: int, now: datetime) -> Checklist:
    """What leaving would mean for this customer now."""
    return check(standing(customer_id, now), now=now)


def standing(customer_id: int, now: datetime) -> Standing:
    """What every room below knows of the customer, for the checklist."""
    pages = orders.orders_of(customer_id)
    open_refunds = refunds.undecided_refunds_of(customer_id)
    asked = {refund.order_line_id for refund in open_refunds}
    line_ids = [line.id for page in pages if page.paid_at for line in page.lines]
    return Standing(
        rights=tuple(rights_of([line_id for line_id in line_ids if line_id not in asked], now)),
        plans=tuple(plans_of(esims.live_lines_of(customer_id))),
        refunds=tuple(
            OpenRefund(
                refund_id=refund.id,
                stage=refund.stage,
                currency=refund.currency,
                expected_minor=refund.expected_minor,
            )
            for refund in open_refunds
        ),
        orders_in_progress=tuple(page.number for page in pages if is_in_progress(page)),
        on_its_way=tuple(
            OnItsWay(
                payout_id=payout.id,
                currency=payout.currency,
                minor=payout.amount_minor,
                state=WAITING.get(payout.stage, "moving"),
                expected_on=payout.expected_by,
            )
            for payout in payments.on_their_way(customer_id)
        ),
        disputes=tuple(
            Pot(currency=dispute.currency, minor=dispute.amount_minor)
            for dispute in payments.open_disputes_of(customer_id)
        ),
        paid_credit=tuple(credit_of(customer_id, is_disputed=False)),
        disputed_credit=tuple(credit_of(customer_id, is_disputed=True)),
        promo_credit=pots(customer_id, "promo_credit"),
        vouchers=tuple(
            Pot(currency=currency, minor=minor)
            for currency, minor in vouchers.unredeemed_of(customer_id)
        ),
        numbers=tuple(numbers_of(customer_id, now)),
        order_lines_in_phones=tuple(esims.on_phones(line_ids)),
        sessions=sessions_of(customer_id, now),
        threads=sum(thread.stage != "closed" for thread in threads_of(customer_id)),
        contacts=contacts.count(customer_id),
        is_export_taken=exported_since_change(customer_id),
    )


def credit_of(customer_id: int, *, is_disputed: bool) -> Iterator[Pot]:
    """Paid credit per currency: what a bank looks at, or all the rest."""
    sums: dict[str, int] = {}
    for lot in wallet.lots_of(customer_id):
        if not lot.is_promo and lot.is_disputed == is_disputed:
            sums[lot.currency] = sums.get(lot.currency, 0) + lot.left_minor
    return (Pot(currency=currency, minor=minor) for currency, minor in sorted(sums.items()))


def numbers_of(customer_id: int, now: datetime) -> Iterator[KeptNumber]:
    """The numbers that go with their lines, and how far each is on its way elsewhere."""
    lost = set(numbers.kept_lines_of(customer_id))
    for page in numbers.keepings_of(customer_id, now=now):
        if page.line_id in lost:
            asked = page.port_out
            is_asked = asked is not None and asked.stage == "asked"
            has_code = asked is not None and asked.has_code
            free = "free" if page.rule.port_out else "none"
            yield KeptNumber(
                order_line_id=page.line_id,
                portability="ready" if has_code else "asked" if is_asked else free,
                code_until=asked.expires_at if asked is not None and has_code else None,
            )


def sessions_of(customer_id: int, now: datetime) -> int:
    """In how many browsers the customer is signed in."""
    user_id = people.customer(customer_id).user_id
    return len(people.browsers_of(user_id, this=None, now=now)) if user_id else 0


def rights_of(order_line_ids: Sequence[int], now: datetime) -> Iterator[RefundRight]:
    """What the rules would give back for each of those paid lines, where it is anything."""
    usages, told = usage_of_each(order_line_ids), facts_of_each(order_line_ids)
    read = {line_id: (usages[line_id], told[line_id]) for line_id in order_line_ids}
    for line_id, quote in refunds.quotes(read, now=now).items():
        if quote.due:
            yield RefundRight(order_line_id=line_id, currency=quote.currency, due_minor=quote.due)


def plan_of(line: LineRow) -> RunningPlan:
    """What is left of that line's plan."""
    [plan] = plans_of([line])
    return plan


def plans_of(lines: Sequence[LineRow]) -> Iterator[RunningPlan]:
    """What is left of each line's plan."""
    line_ids = [line.order_line_id for line in lines]
    usages, terms = usage_of_each(line_ids), orders.terms_of_each(line_ids)
    for line_id in line_ids:
        usage = usages[line_id]
        data = [allowance for allowance in usage.allowances if allowance.kind == "data"]
        limited = [allowance for allowance in data if allowance.granted is not None]
        left = sum(max(0, (allowance.granted or 0) - allowance.used) for allowance in limited)
        yield RunningPlan(
            order_line_id=line_id,
            ends_at=usage.ends_at,
            validity_days=terms[line_id].plan_copy["validity_days"],
            bytes_left=left if data and len(limited) == len(data) else None,
        )


def is_in_progress(page: OrderPage) -> bool:
    """Whether an order is still being paid for, or one of its eSIMs still being made."""
    if page.stage not in ORDER_IN_PROGRESS:
        return False
    states = [esims.line_state(line.id).stage for line in page.lines]
    return page.paid_at is None or "pending" in states


def plans_end_at(customer_id: int) -> datetime | None:
    """When the last of the customer's running plans ends; None when none has an end."""
    ends = [plan.ends_at for plan in plans_of(esims.live_lines_of(customer_id))]
    return max((end for end in ends if end is not None), default=None)


def doubts_of(customer_id: int) -> tuple[str, ...]:
    """Why a person must look at a closing before it begins; none for a clear one."""
    return doubts(
        Doubtful(
            accounts_on_phone=esims.accounts_on_phones_of(customer_id),
            has_lost_dispute=payments.has_lost_dispute(customer_id),
        )
    )


def pots(customer_id: int, kind: str) -> tuple[Pot, ...]:
    return tuple(
        Pot(currency=book.name.currency, minor=book.minor)
        for book in ledger.balances_of(customer_id)
        if book.name.kind == kind
    )
