"""The journeys that workers are killed in, and what must be the same with and without a kill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import connection

from fairroam.apps.esims import queries as esims
from fairroam.apps.orders.models import Order
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import RefundRequest
from fairroam.clock import now
from fairroam.project.database import Cluster
from fairroam.worker.books import find_faults
from tests import given
from tests.stack import Stack
from tests.tables import empty_all_tables, furnish_again

EMAIL = "ada@example.com"
# Everything that is true of stages, amounts and balances; no ids, no times, no random numbers.
FINGERPRINT = {
    "orders": "SELECT stage, is_live, total_minor FROM orders_order",
    "lines": "SELECT price_minor, refunded_minor, pending_minor FROM orders_orderline",
    "tenders": "SELECT captured_minor, refunded_minor, pending_minor FROM orders_tender",
    "payments": """SELECT stage, captured_minor, refunded_minor, pending_minor
                   FROM payments_payment""",
    "payouts": "SELECT stage, is_live, amount_minor FROM payments_payout",
    "provider events": "SELECT kind, outcome FROM payments_providerevent",
    "esims": "SELECT stage, is_live FROM esims_line",
    "profiles": "SELECT stage, is_live FROM esims_profile",
    "facts": "SELECT kind FROM esims_activationfact",
    "refunds": "SELECT stage, is_live FROM refunds_refundrequest",
    "decisions": "SELECT due_minor, goodwill_minor, decided_by FROM refunds_decision",
    "papers": "SELECT kind FROM papers_paper",
    "notices": "SELECT kind, stage FROM notices_notice",
    "books": "SELECT kind, label, balance_minor FROM ledger_book",
    "transfers": "SELECT minor FROM ledger_transfer",
}


def fingerprint() -> dict[str, list[str]]:
    """The end state of a journey, so that two can be compared."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in FINGERPRINT.items():
            cursor.execute(query)
            found[name] = sorted(map(str, cursor.fetchall()))
    return found


def outside_effects(stack: Stack) -> dict[str, list[str]]:
    """What happened in the world; a mail that came twice with one Message-ID is one mail."""
    told = {
        name: sorted(f"{one['effect']} {one.get('amount', '')}" for one in stack.effects(name))
        for name in ("payments", "profiles", "lines")
    }
    mails = {one["message_id"]: one["subject"].split(" for ")[0] for one in stack.effects("mail")}
    return told | {"mails": sorted(subject.split("FR-")[0] for subject in mails.values())}


ACTS = ("order", "pay", "ask")


@dataclass
class Journey:
    """Buy, maybe install, and ask for the money back: three acts, each followed by the worker."""

    stack: Stack
    is_installed: bool

    def begin(self, act: str) -> None:
        """What the customer does."""
        {"order": self._order, "pay": self._pay, "ask": self._ask}[act]()

    def has_ended(self, act: str) -> bool:
        """Whether everything that follows from the act is done, the mails included."""
        ends: dict[str, Callable[[], Any]] = {
            "order": lambda: Order.objects.get().payment.pay_url,
            "pay": lambda: Order.objects.get().stage == "fulfilled",
            "ask": lambda: RefundRequest.objects.get().stage == "paid",
        }
        return bool(ends[act]()) and self.stack.is_at_rest()

    def _order(self) -> None:
        given.an_order(email=EMAIL, now=now())

    def _pay(self) -> None:
        self.stack.pay(Order.objects.get().payment.pay_url)

    def _ask(self) -> None:
        line = Order.objects.get().lines.get()
        customer_id = Order.objects.get().customer_id
        if self.is_installed:
            code = esims.line_page(line.pk, customer_id).code
            assert code is not None
            self.stack.phone().install(code.lpa)
        refunds.request_refund(
            order_line_id=line.pk,
            customer_id=customer_id,
            key=uuid4(),
            asked_minor=None,
            words="",
            wish_minor=None,
            declared_at=now(),
            now=now(),
            actor=f"customer:{customer_id}",
        )


class End(NamedTuple):
    """How a journey ended, inside and outside."""

    state: dict[str, list[str]]
    effects: dict[str, list[str]]


def travel(
    stack: Stack, *, is_installed: bool, before: Callable[[str], None] = lambda act: None
) -> End:
    """Go through a journey; `before(act)` comes between an act and the worker that follows."""
    journey = Journey(stack, is_installed)
    for act in ACTS:
        journey.begin(act)
        before(act)
        stack.settle(lambda act=act: journey.has_ended(act))
    return End(fingerprint(), outside_effects(stack))


def start_over(stack: Stack, cluster: Cluster) -> None:
    """Empty tables in the middle of a test, as between two tests."""
    stack.end()
    assert list(find_faults()) == []
    empty_all_tables(cluster)
    furnish_again()
    stack.begin()
