"""What leaving means for one customer today: what to take along, what is lost, what blocks.

What nobody has decided yet blocks, and credit that the customer paid for. Everything else is
shown, so that nobody loses it unaware; money on its way arrives without the account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

_DAY = timedelta(days=1)
# A family shares a phone now and then; somebody who closes accounts for others does more often.
ACCOUNTS_ON_PHONE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRight:
    """Money that the rules would give back for a line if it were asked for now; above 0."""

    order_line_id: int
    currency: str
    due_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPlan:
    """A line that still serves. ends_at: None while its plan has not begun, or for ever.

    validity_days: None for a plan that never ends by itself. bytes_left: of data; None without a
    limit, or without data.
    """

    order_line_id: int
    ends_at: datetime | None
    validity_days: int | None
    bytes_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRefund:
    """A request for money back on which nobody has decided."""

    refund_id: int
    stage: str
    currency: str
    expected_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OnItsWay:
    """Money that is decided and has not arrived; above 0.

    state: "moving", "held" while a bank decides, "asked" where the customer must name a way.
    expected_on: the last day on which it should arrive, where that is known.
    """

    payout_id: int
    currency: str
    minor: int
    state: str
    expected_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNumber:
    """A number that goes with its line. code_until: of a code that is there to take it along.

    portability: "none" where the operator has no way, "free" to ask, "asked", "ready".
    """

    order_line_id: int
    portability: str = "none"
    code_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pot:
    """What stands in one kind of a customer's books in one currency; minor units, 0 or more."""

    currency: str
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All that the checklist may depend on, as it is now."""

    rights: tuple[RefundRight, ...] = ()
    plans: tuple[RunningPlan, ...] = ()
    refunds: tuple[OpenRefund, ...] = ()
    orders_in_progress: tuple[str, ...] = ()  # their numbers: being paid for or delivered
    on_its_way: tuple[OnItsWay, ...] = ()
    disputes: tuple[Pot, ...] = ()  # what banks took and have not decided about, each
    paid_credit: tuple[Pot, ...] = ()  # that can be taken back now
    disputed_credit: tuple[Pot, ...] = ()  # paid by what a bank looks at: goes out when it may
    promo_credit: tuple[Pot, ...] = ()
    vouchers: tuple[Pot, ...] = ()  # bought and not redeemed: they outlive the account
    numbers: tuple[KeptNumber, ...] = ()
    order_lines_in_phones: tuple[int, ...] = ()  # their eSIM must be deleted in the phone
    sessions: int = 0  # browsers that are signed in
    threads: int = 0  # conversations that are open
    contacts: int = 0
    is_export_taken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """What may send a closing to a person first.

    accounts_on_phone: how many other accounts had an eSIM on a phone of this customer's.
    """

    accounts_on_phone: int = 0
    has_lost_dispute: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist: its code, whether it blocks, and its numbers."""

    code: str
    blocks: bool
    facts: MappingProxyType[str, Any]

    def as_json(self) -> dict[str, Any]:
        facts = {
            name: fact.isoformat() if isinstance(fact, date) else fact
            for name, fact in self.facts.items()
        }
        return {"code": self.code, "blocks": self.blocks, "facts": facts}


@dataclass(frozen=True, slots=True)
class Checklist:
    """What the customer sees and confirms."""

    items: tuple[Item, ...]

    @property
    def blockers(self) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.blocks)

    @property
    def is_clear(self) -> bool:
        return not self.blockers

    def as_json(self) -> list[dict[str, Any]]:
        return [item.as_json() for item in self.items]


def check(standing: Standing, *, now: datetime) -> Checklist:
    """The checklist: blockers first, then what to take, what is lost, what to do in the phone."""
    items = [*_blockers(standing), *_rights(standing), *_losses(standing, now), *_chores(standing)]
    return Checklist(tuple(items))


def doubts(doubtful: Doubtful) -> tuple[str, ...]:
    """Codes of what a person must look at before the closing begins; none: nobody needs to."""
    found = {
        "phone_of_many": doubtful.accounts_on_phone >= ACCOUNTS_ON_PHONE,
        "dispute_lost": doubtful.has_lost_dispute,
    }
    return tuple(code for code, is_so in found.items() if is_so)


def _item(code: str, *, blocks: bool = False, **facts: Any) -> Item:
    return Item(code, blocks, MappingProxyType(facts))


def _blockers(standing: Standing) -> Iterator[Item]:
    for refund in standing.refunds:
        yield _item(
            "refund_in_progress",
            blocks=True,
            refund_id=refund.refund_id,
            stage=refund.stage,
            currency=refund.currency,
            minor=refund.expected_minor,
        )
    for number in standing.orders_in_progress:
        yield _item("order_in_progress", blocks=True, order_number=number)
    yield from _pots("paid_credit_left", standing.paid_credit, blocks=True)


def _rights(standing: Standing) -> Iterator[Item]:
    for right in standing.rights:
        yield _item(
            "refund_open",
            order_line_id=right.order_line_id,
            currency=right.currency,
            minor=right.due_minor,
        )
    for money in standing.on_its_way:
        yield _item(
            f"money_{money.state}",
            payout_id=money.payout_id,
            currency=money.currency,
            minor=money.minor,
            expected_on=money.expected_on,
        )
    yield from _pots("credit_held", standing.disputed_credit, blocks=False)
    yield from _pots("voucher_unredeemed", standing.vouchers, blocks=False)
    yield from _pots("dispute_open", standing.disputes, blocks=False)


def _losses(standing: Standing, now: datetime) -> Iterator[Item]:
    for plan in standing.plans:
        yield _item(
            "plan_running",
            order_line_id=plan.order_line_id,
            days_left=days_left(plan, now),
            bytes_left=plan.bytes_left,
        )
    for number in standing.numbers:
        yield _item(
            "number_lost",
            order_line_id=number.order_line_id,
            portability=number.portability,
            code_until=number.code_until,
        )
    yield from _pots("promo_credit_lost", standing.promo_credit, blocks=False)


def _chores(standing: Standing) -> Iterator[Item]:
    for order_line_id in standing.order_lines_in_phones:
        yield _item("profile_in_phone", order_line_id=order_line_id)
    if not standing.is_export_taken:
        yield _item("export_not_taken", contacts=standing.contacts)
    if standing.threads:
        yield _item("threads_end", count=standing.threads)
    if standing.sessions:
        yield _item("sessions_end", count=standing.sessions)


def _pots(code: str, pots: tuple[Pot, ...], *, blocks: bool) -> Iterator[Item]:
    for pot in pots:
        if pot.minor:
            yield _item(code, blocks=blocks, currency=pot.currency, minor=pot.minor)


def days_left(plan: RunningPlan, now: datetime) -> int | None:
    """Whole and begun days until the plan ends; all of its days while it has not begun.

    None for a plan that never ends by itself.
    """
    if plan.ends_at is None:
        return plan.validity_days
    return max(0, -((now - plan.ends_at) // _DAY))
