"""Facts that reach us while a refund is decided: used, installed, disputed at the same moment.

24 hands each; every race has a control without its guards in which the harm must be seen. That of
disputes is in `test_disputes`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from django.db.backends.signals import connection_created
from django.db.models import Model

from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.journal.refusals import MovedMeanwhile
from fairroam.apps.ledger.models import Book
from fairroam.apps.metering.models import PlanRun
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds.models import Decision
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end, prove_off, use
from tests.races.test_money_races import a_buyer, promised
from tests.races.together import kinds_of, together
from tests.tables import empty_all_tables

pytestmark = pytest.mark.usefixtures("committed")
HANDS = 24
GIGABYTE = 10**9
PRICE = 1900
OFF_AT = LATER + timedelta(minutes=1)
REST_SECONDS_MAX = 0.03
EVERY_LOCK = (Customer, Order, OrderLine, Payment, Payout, Line, Profile, Book, PlanRun)


@pytest.fixture
def slowed() -> Callable[..., Any]:
    """Return `slowed(*tables)`: after a look at these, each hand rests; for controls.

    A window that is open for microseconds is so for milliseconds, and a race is seen soon.
    """

    @contextmanager
    def slow(*tables: type[Model]) -> Iterator[None]:
        names = [f'FROM "{table._meta.db_table}"' for table in tables]

        def rest(execute: Any, sql: Any, values: Any, many: bool, context: Any) -> Any:
            answer = execute(sql, values, many, context)
            if any(name in str(sql) for name in names):
                time.sleep(random.uniform(0, REST_SECONDS_MAX))
            return answer

        def listen(connection: Any, **_: object) -> None:
            connection.execute_wrappers.append(rest)

        connection_created.connect(listen)
        try:
            yield
        finally:
            connection_created.disconnect(listen)

    return slow


# Usage -----------------------------------------------------------------------------------------


def uses_and_ends(line: OrderLine) -> list[Callable[[], Any]]:
    """Half of the hands report a hundred megabytes each, the others prove the line off."""
    esims.take_off(order_line_id=line.pk, now=LATER)
    reports = partial(use, line, GIGABYTE // 10, at=LATER - timedelta(minutes=10))
    return [reports, partial(prove_off, line, now=OFF_AT)] * (HANDS // 2)


def given_and_used(line: OrderLine) -> tuple[int, int]:
    """(What was decided, bytes that the decision knew of)."""
    decision = Decision.objects.filter(request__order_line=line).latest("pk")
    return decision.due_minor, decision.facts["allowances"][0]["used"]


@pytest.mark.promise(37)
def test_each_byte_that_the_decision_knew_is_kept_and_all_the_rest_is_given_back_once():
    line = a_ready_line(email=a_buyer())
    use(line, GIGABYTE // 10)  # A phone has it: the network must end it.
    ask(line)

    ends = together(*uses_and_ends(line))

    assert kinds_of(ends) == {"done": HANDS}
    due, used = given_and_used(line)
    assert due == PRICE - PRICE * used // (10 * GIGABYTE)
    assert promised(line.order.payment_id) == due


def test_control_without_locks_books_and_usage_part(seen_without, slowed):
    """What is booked is not what was counted; or only a later guard keeps a hand from it."""
    guards = ("a_source_version_is_written_once", "a_target_version_is_written_once")

    def parts() -> bool:
        line = a_ready_line(email=a_buyer())
        use(line, GIGABYTE // 10)
        ask(line)
        with slowed(Book, Line):
            ends = together(*uses_and_ends(line))
        books = Book.objects.filter(kind="unearned", order_line_id=line.pk)
        return fell_over(ends) or any(book.balance_minor != sum_of(book) for book in books)

    assert seen_without(guards, EVERY_LOCK, parts)


def fell_over(ends: list[Any]) -> bool:
    """Whether hands acted upon one state at once, and the stage or a key refused one of them."""
    return any(isinstance(end, (MovedMeanwhile, IntegrityError, OperationalError)) for end in ends)


def sum_of(book: Book) -> int:
    """A balance as its transfers make it."""
    came = sum(book.transfers_in.values_list("minor", flat=True))
    return came - sum(book.transfers_out.values_list("minor", flat=True))


# A phone installs it ---------------------------------------------------------------------------


def installs_and_cancels(line: OrderLine) -> list[Callable[[], Any]]:
    """Half of the hands are the phone, the others bring the carrier's word that it is scrapped."""
    esims.take_off(order_line_id=line.pk, now=LATER)
    profile_id = Profile.objects.get(line_id=line.pk).pk
    installed = partial(
        esims.record_fact,
        profile_id=profile_id,
        kind="installed",
        happened_at=LATER,
        source="es2plus",
        now=LATER,
    )
    cancelled = partial(esims.record_cancelled, order_line_id=line.pk, now=OFF_AT)
    return [installed, cancelled] * (HANDS // 2)


def is_both(ends: list[Any]) -> bool:
    """Whether it was taken for scrapped by some, and for being in a phone by others."""
    return True in ends and False in ends


@pytest.mark.promise(34)
def test_an_esim_is_scrapped_or_in_a_phone_and_the_decision_knows_which(cluster):
    line = a_ready_line(email=a_buyer())
    refund = ask(line)

    ends = together(*installs_and_cancels(line))

    is_in_phone = False in ends
    assert kinds_of(ends) == {"done": HANDS}
    assert not is_both(ends)
    assert promised(line.order.payment_id) == 0  # nothing before it is proven off
    prove_off(line, now=OFF_AT)
    assert promised(line.order.payment_id) == PRICE
    if is_in_phone:
        assert refund.decisions.latest("pk").facts["installed_at"] == LATER.isoformat()
    else:  # The phone's word came too late and contradicts the carrier's: a person is shown that.
        assert list(find_faults()) == [
            f"esims: {faulty(line)} was cancelled and yet a phone had it"
        ]
        empty_all_tables(cluster)


def faulty(line: OrderLine) -> str:
    return f"profile {Profile.objects.get(line_id=line.pk).pk}"


def test_control_without_locks_it_is_scrapped_while_a_phone_has_it(seen_without, slowed):
    def is_believed_and_not() -> bool:
        line = a_ready_line(email=a_buyer())
        ask(line)
        acts = installs_and_cancels(line)
        with slowed(Line, Profile):
            ends = together(*acts)
        return is_both(ends) or fell_over(ends)

    assert seen_without((), EVERY_LOCK, is_believed_and_not)


# A dispute -------------------------------------------------------------------------------------


def disputes_and_payouts(payout: Payout) -> list[Callable[[], Any]]:
    """The bank takes it all, in as many copies as there are workers who want to send it."""
    lost = partial(
        payments.hear_dispute,
        payment_id=payout.payment_id,
        dispute_ref=f"dis_{payout.pk}",
        amount=Money(PRICE, "EUR"),
        outcome="lost",
        now=LATER,
    )
    return [lost, partial(payments.claim_payout, payout_id=payout.pk, now=LATER)] * (HANDS // 2)


def out_of_one_payment(payout: Payout) -> int:
    """What left: by us, and by the bank as the payment of what we owed."""
    payout.refresh_from_db()
    sent = payments.to_send(payout).minor if payout.sent_at else 0
    return sent + payout.covered_minor


def test_a_dispute_and_a_payout_of_one_payment_never_count_it_twice():
    for _ in range(2):
        payout = payout_of_refund()

        ends = together(*disputes_and_payouts(payout))

        assert kinds_of(ends) == {"done": HANDS}
        assert out_of_one_payment(payout) == PRICE
        payment = Payment.objects.get(pk=payout.payment_id)
        counted = payment.pending_minor + payment.refunded_minor + payment.charged_back_minor
        assert counted == PRICE


def payout_of_refund() -> Payout:
    refund = ask_and_end(a_ready_line(email=a_buyer()))
    return Payout.objects.get(cause=f"refund:{refund.pk}")
