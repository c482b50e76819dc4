"""Quotes: an amount guarded for fifteen minutes against clock, price and terms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from fairroam.apps.journal.refusals import KeyReused, NotAmongYours
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders import queries as orders
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import personal, queries
from fairroam.apps.refunds.models import Decision, Quote, RefundRequest
from fairroam.apps.refunds.operations import Choice
from fairroam.apps.refunds.refusals import (
    AlreadyAsked,
    CurrencyMismatch,
    NothingPaid,
    QuoteChanged,
    QuoteExpired,
)
from fairroam.apps.wallet import operations as wallet
from fairroam.apps.wallet.models import Lot
from fairroam.gateways.payments import PayoutStatus
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps import wallet_given as wallets
from tests.apps.lines_given import LATER, a_ready_line, ask, ask_and_end, payout_of, prove_off, use
from tests.apps.refunds_given import GIGABYTE, dispute, events, settle, tell

pytestmark = pytest.mark.usefixtures("catalogue")
# The fourteen days of the law end with Monday 16 November, Berlin time.
LAST_MINUTES = datetime(2026, 11, 16, 22, 55, tzinfo=UTC)
AFTER_MIDNIGHT = LAST_MINUTES + timedelta(minutes=10)


def quote(line, *, now: datetime = LATER, key: UUID | None = None, **chosen: object) -> Quote:
    """The customer presses "review"."""
    return refunds.make_quote(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        key=key or uuid4(),
        choice=Choice(**chosen),
        now=now,
    )


def confirm(made: Quote, *, now: datetime, customer_id: int | None = None) -> RefundRequest:
    """The customer presses the button with the amount."""
    return refunds.confirm_quote(
        quote_key=made.key,
        customer_id=customer_id or made.customer_id,
        actor=f"customer:{made.customer_id}",
        now=now,
    )


def kinds_of(made: Quote) -> list[str]:
    return [change.kind for change in queries.changes_since(made)]


def download(line, *, at: datetime) -> None:
    profile = Profile.objects.get(line_id=line.pk)
    esims.record_fact(
        profile_id=profile.pk, kind="downloaded", happened_at=at, source="es2plus", now=at
    )


def test_what_was_quoted_is_paid_even_when_the_period_ended_in_between():
    line = a_ready_line()
    use(line, GIGABYTE)
    made = quote(line, now=LAST_MINUTES)
    assert queries.quote(line.pk, now=AFTER_MIDNIGHT).due == 0

    refund = confirm(made, now=AFTER_MIDNIGHT)
    prove_off(line, now=AFTER_MIDNIGHT + timedelta(minutes=1))

    refund.refresh_from_db()
    decision = Decision.objects.get()
    assert (refund.stage, refund.declared_at) == ("approved", LAST_MINUTES)
    assert (made.result["ground"], made.result["due"]) == ("withdrawal", 1710)
    assert (decision.due_minor, decision.result["pay_by"]) == (1710, made.result["pay_by"])
    assert list(find_faults()) == []


def test_after_its_minutes_a_quote_is_refused_and_nothing_has_changed():
    line = a_ready_line()
    made = quote(line)

    with pytest.raises(QuoteExpired):
        confirm(made, now=made.expires_at)

    assert RefundRequest.objects.count() == 0
    assert events("line.taken_off") == []
    again = refunds.quote_again(
        quote_key=made.key, customer_id=made.customer_id, now=made.expires_at
    )
    assert confirm(again, now=made.expires_at + timedelta(seconds=1)).stage == (
        "waiting_for_network"
    )


def test_new_use_voids_a_quote_and_says_how_much():
    line = a_ready_line()
    use(line, GIGABYTE)
    made = quote(line)
    use(line, GIGABYTE, at=LATER - timedelta(minutes=5))

    with pytest.raises(QuoteChanged) as refused:
        confirm(made, now=LATER + timedelta(minutes=1))

    assert refused.value.facts["changed"] == ["data"]
    (change,) = queries.changes_since(made)
    assert (change.before, change.after) == (GIGABYTE, 2 * GIGABYTE)
    assert RefundRequest.objects.count() == 0
    again = refunds.quote_again(quote_key=made.key, customer_id=made.customer_id, now=LATER)
    assert (made.result["due"], again.result["due"]) == (1710, 1520)


@pytest.mark.promise(15)
def test_a_download_voids_a_quote_and_says_when():
    line = a_ready_line()
    made = quote(line)
    at = LATER + timedelta(minutes=2)
    download(line, at=at)

    with pytest.raises(QuoteChanged):
        confirm(made, now=at + timedelta(minutes=1))

    (change,) = queries.changes_since(made)
    assert (change.kind, change.at) == ("downloaded_at", at)


def test_another_payout_and_a_dispute_void_a_quote():
    line = a_ready_line()
    made = quote(line)
    dispute(Payment.objects.get())
    assert kinds_of(made) == ["dispute"]
    dispute(Payment.objects.get(), "won")
    assert kinds_of(made) == []

    ask_and_end(line, asked_minor=700)

    assert kinds_of(made) == ["money"]


def test_first_use_is_said_as_such():
    line = a_ready_line()
    made = quote(line)
    use(line, GIGABYTE, at=LATER)

    assert {"first_attach_at", "first_usage_at", "data", "plan"} <= set(kinds_of(made))


def test_a_repeat_gets_the_first_answer_and_another_request_with_its_key_is_refused():
    line, key = a_ready_line(), uuid4()
    made = quote(line, key=key)

    assert quote(line, key=key, now=LATER + timedelta(minutes=1)) == made
    with pytest.raises(KeyReused):
        quote(line, key=key, words="other")
    first = confirm(made, now=LATER + timedelta(minutes=1))
    assert confirm(made, now=LATER + timedelta(hours=1)) == first
    assert (Quote.objects.count(), RefundRequest.objects.count()) == (1, 1)


def test_the_key_of_another_customer_is_ones_own_new_key():
    key = uuid4()
    ada = quote(a_ready_line(), key=key)
    bob = quote(a_ready_line(email="bob@example.com"), key=key)

    assert ada.customer_id != bob.customer_id
    assert ada.key != bob.key


def test_a_foreign_quote_is_an_unknown_one():
    made = quote(a_ready_line())
    stranger = given.a_customer("mallory@example.com")

    with pytest.raises(NotAmongYours):
        confirm(made, now=LATER, customer_id=stranger.pk)
    with pytest.raises(NotAmongYours):
        queries.quote_row(made.key, stranger.pk)
    with pytest.raises(NotAmongYours):
        refunds.make_quote(
            order_line_id=made.order_line_id,
            customer_id=stranger.pk,
            key=uuid4(),
            choice=Choice(),
            now=LATER,
        )
    assert RefundRequest.objects.count() == 0


def test_another_currency_is_refused():
    line = a_ready_line()

    with pytest.raises(CurrencyMismatch):
        quote(line, asked=Money(500, "USD"))
    assert Quote.objects.count() == 0


def test_an_order_that_is_not_paid_has_no_quote():
    order = given.an_order()

    with pytest.raises(NothingPaid):
        quote(order.lines.select_related("order").get())


def test_while_one_request_is_open_there_is_no_second_quote():
    line = a_ready_line()
    made, other = quote(line), quote(line)
    confirm(made, now=LATER)

    with pytest.raises(AlreadyAsked):
        confirm(other, now=LATER)
    with pytest.raises(AlreadyAsked):
        quote(line)


@pytest.mark.promise(30)
def test_a_part_and_a_wish_are_stored_beside_what_was_computed():
    line = a_ready_line()
    part = quote(line, asked=Money(700, "EUR"), wish="part", words="the rest later")
    assert (part.asked_minor, part.result["due"]) == (700, 700)

    more = quote(line, asked=Money(2500, "EUR"))
    assert (more.asked_minor, more.wish_minor, more.result["due"]) == (None, 2500, 1900)

    refund = confirm(part, now=LATER)
    prove_off(line, now=LATER + timedelta(minutes=1))
    refund.refresh_from_db()
    assert (refund.wish, refund.words, refund.stage) == ("part", "the rest later", "approved")
    assert Decision.objects.get().due_minor == 700


@pytest.mark.promise(24)
def test_asking_for_more_than_is_due_reaches_a_person_with_the_amount():
    line = a_ready_line()
    use(line, GIGABYTE)

    refund = confirm(quote(line, asked=Money(1900, "EUR")), now=LATER)
    prove_off(line, now=LATER + timedelta(minutes=1))

    refund.refresh_from_db()
    assert (refund.stage, refund.wish_minor) == ("approved", 1900)
    rest = RefundRequest.objects.get(follows=refund)
    assert (rest.stage, rest.wish_minor) == ("under_review", 190)


def test_who_would_like_all_of_it_back_gets_what_is_due_and_a_person_for_the_rest():
    line = a_ready_line()
    use(line, GIGABYTE)

    refund = confirm(quote(line, wish="full"), now=LATER)
    prove_off(line, now=LATER + timedelta(minutes=1))

    assert Decision.objects.get(request=refund).due_minor == 1710
    assert RefundRequest.objects.get(follows=refund).wish_minor == 190


def test_who_wishes_a_replacement_keeps_the_line_until_a_person_has_answered():
    line = a_ready_line()

    refund = confirm(quote(line, wish="replacement"), now=LATER)

    assert (refund.stage, refund.wish) == ("under_review", "replacement")
    assert events("line.taken_off") == []


def test_a_quote_that_nobody_confirmed_is_forgotten_a_day_later():
    line = a_ready_line()
    kept, forgotten = quote(line), quote(line, words="never sent")
    confirm(kept, now=LATER)

    assert refunds.forget_quotes(now=forgotten.expires_at + timedelta(hours=23)) == 0
    assert refunds.forget_quotes(now=forgotten.expires_at + timedelta(hours=25)) == 1
    assert list(Quote.objects.all()) == [kept]


def test_the_words_of_a_quote_are_erased_with_the_account():
    made = quote(a_ready_line(), words="my name is Ada")
    assert personal.remains(made.customer_id) == 1

    assert personal.erase(made.customer_id)["refunds_quote.words"] == 1
    assert personal.remains(made.customer_id) == 0


AGREED = {"destination": "wallet", "agreed_words": "As credit in my wallet"}


def test_credit_in_place_of_money_keeps_its_payment_and_can_still_go_back_there():
    wallets.terms()
    line = a_ready_line()
    use(line, GIGABYTE)
    assert queries.destinations(orders.terms_of(line.pk), now=LATER) == ("original", "wallet")
    refund = confirm(quote(line, **AGREED), now=LATER)
    prove_off(line, now=LATER)
    tell("refund.paid", refund)

    row = queries.refund(refund.pk, refund.customer_id)
    lot, payment = Lot.objects.get(), line.order.payment
    assert (row.stage, row.went_to_wallet, Payout.objects.count()) == ("paid", True, 0)
    assert (lot.kind, lot.origin, lot.left_minor, lot.payment) == ("paid", "refund", 1710, payment)
    papers = (Paper.objects.get(number=number) for number in (row.decision_paper, row.receipt))
    assert all("TO_WALLET" in {one["code"] for one in each.statement["reasons"]} for each in papers)
    assert "is in your wallet, as you chose" in Notice.objects.get(kind="refunds.paid").text
    assert list(find_faults()) == []

    wallet.refund_balance(
        customer_id=refund.customer_id,
        currency="EUR",
        minor=None,
        key=uuid4(),
        proof=wallets.proof(LATER),
        now=LATER,
    )

    payout = Payout.objects.get()
    assert (payout.payment, payout.amount_minor, payout.is_by_hand) == (payment, 1710, False)
    assert list(find_faults()) == []


def test_disputed_money_never_becomes_credit():
    wallets.terms()
    line = a_ready_line()
    refund = confirm(quote(line, **AGREED), now=LATER)
    dispute(line.order.payment)
    prove_off(line, now=LATER)

    assert queries.destinations(orders.terms_of(line.pk), now=LATER) == ("original",)
    assert not Lot.objects.exists()
    assert RefundRequest.objects.get(pk=refund.pk).stage != "paid"


def test_credit_in_place_of_money_wants_the_words_that_were_agreed_to():
    with pytest.raises(IntegrityError, match="agreed_in_words"), transaction.atomic():
        quote(a_ready_line(), destination="wallet")


def test_money_that_comes_back_to_us_does_not_meet_another_request_of_its_line():
    line = a_ready_line()
    use(line, GIGABYTE)
    first = ask_and_end(line, asked_minor=500)
    settle(payout_of(first), PayoutStatus.SUCCEEDED)
    second = ask(line, is_flagged=True)

    settle(payout_of(first), PayoutStatus.FAILED)

    stages = [RefundRequest.objects.get(pk=one.pk).stage for one in (first, second)]
    assert stages == ["payout_failed", "waiting_for_usage"]
    with pytest.raises(IntegrityError, match="one_open_refund"), transaction.atomic():
        RefundRequest.objects.filter(pk=first.pk).update(stage="under_review")
    assert list(find_faults()) == []


def test_the_page_offers_credit_beside_the_way_it_was_paid_and_never_ticks_it():
    wallets.terms()
    line, browser = a_ready_line(), Client()
    browser.force_login(line.order.customer.user)
    path = f"/account/lines/{line.pk}/refund/"

    field = browser.get(path).context["form"]["destination"]
    answer = browser.post(path, {"key": uuid4(), "currency": "EUR", "destination": "wallet"})

    assert (field.value(), [name for name, _ in field.field.choices]) == (
        "original",
        ["original", "wallet"],
    )
    made = Quote.objects.get()
    assert made.agreed_words.startswith("As credit in your wallet")
    assert made.agreed_words in browser.get(answer.url).content.decode()
