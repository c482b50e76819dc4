"""Closing an account against eight hands that bring something to it at the same moment.

A top-up arrives, a phone tells its chip's number, a mail is queued, use is counted, credit is sent.
One hand is held up at the statement that matters until the others are done or stand in line, which
makes the window wide. What each race would break is seen in its control, without the guards.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db.models import Model

from fairroam.apps.closures import operations as closures
from fairroam.apps.closures import queries
from fairroam.apps.customers.models import Customer
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import CarrierNotice, Profile
from fairroam.apps.ledger.models import Book
from fairroam.apps.ledger.queries import find_faults as ledger_faults
from fairroam.apps.metering.models import PlanRun
from fairroam.apps.notices import operations as notices
from fairroam.apps.notices.models import Notice
from fairroam.apps.payments import operations as payments
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.models import CreditTransfer, Lot
from fairroam.gateways.profiles import NoticeKind, ProgressNotice
from fairroam.rules.money import Money
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.closures_given import leave, take_steps
from tests.apps.lines_given import LATER, a_ready_line, prove_off, use
from tests.crashes.conftest import SEED
from tests.given import NOON
from tests.races.test_leaving_races import closing
from tests.races.test_money_races import a_buyer
from tests.races.together import kinds_of, with_one_held

HANDS = 8
EID = "89049032123451234512345678901235"
Act = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What happens at once: one act is held up before the statement `at`, the others are not."""

    customer_id: int
    held: Act
    at: str
    others: list[Act]

    def happen(self) -> list[Any]:
        """How each ended; the held one first."""
        return with_one_held(self.held, *self.others, at=self.at)

    def meet(self) -> list[Any]:
        """The same of two alone: the other one comes when the first is held, and overtakes it."""
        return with_one_held(self.held, self.others[0], at=self.at, others_begin_there=True)


def to_the_end(step: Act) -> Act:
    """Close, and erase; what waits is tried again once."""
    return lambda: [step(), step()]


def rivals(act: Act, at: str, close: Act, customer_id: int) -> Acts:
    others = [to_the_end(close), *[act] * (HANDS - 2)]
    return Acts(customer_id=customer_id, held=act, at=at, others=others)


def is_closed(customer_id: int) -> bool:
    return not Customer.objects.get(pk=customer_id).is_open


# A top-up is paid -------------------------------------------------------------------------------


def close_and_top_up() -> Acts:
    wallets.terms()
    customer = given.a_customer(a_buyer())
    asked = wallet.top_up(customer_id=customer.pk, amount=Money(500, "EUR"), key=uuid4(), now=LATER)
    reference = f"pay_{asked.payment_id}"
    payments.record_started(
        payment_id=asked.payment_id, provider_ref=reference, pay_url="http://127.0.0.1/", now=LATER
    )
    arrive = partial(
        wallet.confirm_top_up,
        payment_id=asked.payment_id,
        amount=Money(500, "EUR"),
        provider_ref=reference,
        now=LATER,
    )
    return rivals(arrive, 'INSERT INTO "wallet_lot"', closing(customer.pk), customer.pk)


def has_money(customer_id: int) -> bool:
    return Book.objects.filter(customer_id=customer_id, balance_minor__gt=0).exists()


# A phone tells the number of its chip -----------------------------------------------------------


def close_and_bind() -> Acts:
    line = a_ready_line(email=a_buyer())
    profile = Profile.objects.get(line_id=line.pk)
    esims.record_fact(
        profile_id=profile.pk, kind="installed", happened_at=NOON, source="es2plus", now=NOON
    )

    def tell() -> bool:
        notice = ProgressNotice(
            iccid=profile.iccid,
            eid=EID,
            kind=NoticeKind.ENABLED,
            point="enabled",
            succeeded=True,
            happened_at=NOON,
            key=uuid4().hex,
        )
        return esims.record_notice(notice=notice, now=LATER)

    customer_id = line.order.customer_id
    return rivals(tell, 'INSERT INTO "esims_carriernotice"', closing(customer_id), customer_id)


def is_bound(customer_id: int) -> bool:
    profiles = Profile.objects.filter(customer_id=customer_id)
    told = CarrierNotice.objects.filter(iccid__in=profiles.values("iccid"))
    return profiles.exclude(eid="").exists() or told.exclude(eid="").exists()


# A mail is queued -------------------------------------------------------------------------------


def close_and_write() -> Acts:
    customer = given.a_customer(a_buyer())

    def write() -> Any:
        return notices.send(
            kind="closures.trip_ended",
            act=uuid4().hex,
            customer_id=customer.pk,
            context={"has_number": False},
            now=LATER,
        )

    return rivals(write, 'INSERT INTO "notices_notice"', closing(customer.pk), customer.pk)


def is_written_to(customer_id: int) -> bool:
    return Notice.objects.filter(customer_id=customer_id, is_live=True).exists()


# Credit is sent to who leaves -------------------------------------------------------------------


def close_and_send() -> Acts:
    wallets.terms()
    ada, bob = given.a_customer(a_buyer()), given.a_customer(a_buyer())
    assert bob.user is not None
    EmailAddress.objects.create(user=bob.user, email=bob.user.email, primary=True, verified=True)
    wallets.a_top_up(ada, 7000)

    def send() -> CreditTransfer:
        return wallet.send_credit(
            sender_id=ada.pk,
            address=bob.user.email,
            amount=Money(100, "EUR"),
            key=uuid4(),
            proof=wallets.proof(LATER),
            now=LATER,
        )

    return rivals(send, 'INSERT INTO "wallet_credittransfer"', closing(bob.pk), bob.pk)


def is_sent_to(customer_id: int) -> bool:
    return CreditTransfer.objects.filter(recipient_id=customer_id, is_live=True).exists()


# Use is counted while what is left is forfeited -------------------------------------------------


def close_and_use() -> Acts:
    line = a_ready_line(email=a_buyer())
    customer = Customer.objects.get(pk=line.order.customer_id)
    use(line, 1, at=NOON)
    closure = leave(customer, now=LATER)
    take_steps(closure)
    prove_off(line, now=LATER)
    assert queries.next_step(closure.pk) == "lines"

    def close() -> list[Any]:
        return [closures.take_next_step(closure_id=closure.pk, now=LATER) for _ in range(5)]

    count = partial(use, line, 10**8, at=NOON + timedelta(hours=1))
    return Acts(
        customer_id=customer.pk,
        held=close,
        at="UPDATE ledger_book book SET balance_minor",
        others=[count] * (HANDS - 1),
    )


def is_miscounted(_customer_id: int) -> bool:
    return list(ledger_faults()) != []


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """prepare: its acts. ends: how the others may end. harm: what guards and locks prevent."""

    prepare: Callable[[], Acts]
    ends: frozenset[str] = frozenset({"done"})
    harm: Callable[[int], bool]
    guards: tuple[str, ...] = ()
    locks: tuple[type[Model], ...] = (Customer,)


RACES = {
    "top-up": Race(
        prepare=close_and_top_up,
        harm=has_money,
        guards=("credit_lives_only_under_an_open_account",),
        locks=(Customer, Lot),
    ),
    "bind": Race(prepare=close_and_bind, harm=is_bound),
    "notice": Race(
        prepare=close_and_write,
        ends=frozenset({"done", "IntegrityError"}),
        harm=is_written_to,
        guards=("a_notice_waits_only_under_an_open_account",),
    ),
    "transfer": Race(
        prepare=close_and_send,
        ends=frozenset({"done", "RecipientUnverified"}),
        harm=is_sent_to,
        guards=(
            "a_transfer_lives_only_while_its_sender_does",
            "a_transfer_lives_only_while_its_recipient_does",
        ),
    ),
    "usage": Race(
        prepare=close_and_use,
        harm=is_miscounted,
        guards=("a_source_version_is_written_once", "a_target_version_is_written_once"),
        locks=(Customer, Book, PlanRun),
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """All races at night; by day a sample of them, with a seed that the test's name tells."""
    if "race" not in metafunc.fixturenames:
        return
    is_night = metafunc.config.getoption("--night")
    names = list(RACES) if is_night else random.Random(SEED).sample(list(RACES), 2)
    metafunc.parametrize(
        "race", [RACES[one] for one in names], ids=[f"{one}, seed {SEED}" for one in names]
    )


def test_nothing_comes_to_an_account_while_it_closes(committed, night, race):
    for _ in range(5 if night else 1):
        acts = race.prepare()

        ends = acts.happen()

        assert set(kinds_of(ends)) <= race.ends, ends
        assert not (is_closed(acts.customer_id) and race.harm(acts.customer_id))
        # Either came first: who leaves is gone, or has to wait for what came.
        assert is_closed(acts.customer_id) or race.harm(acts.customer_id)


def test_control_without_its_guards_it_does(seen_without, race):
    def goes_wrong() -> bool:
        acts = race.prepare()
        acts.meet()
        return is_closed(acts.customer_id) and race.harm(acts.customer_id)

    assert seen_without(race.guards, race.locks, goes_wrong)
