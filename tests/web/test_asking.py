"""Asking for money back on the pages: what is shown, and what abuse is answered with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.http import HttpResponse
from django.test import Client

from fairroam.apps.orders.models import OrderLine
from fairroam.apps.orders.operations import trials
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.gateways.payments import EventKind, PayoutStatus
from fairroam.web.components.tags import above_total, below_total
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import LATER, a_ready_line, ask_and_end, payout_of, prove_off, use
from tests.apps.payments_given import tells
from tests.apps.refunds_given import GIGABYTE, settle
from tests.given import NOON
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
NEVER_THE_BUSINESS_S = {
    "django_session",
    "customers_user",
    "customers_browsersession",
}  # who signed in, and when


@pytest.fixture(autouse=True)
def at_three() -> Any:
    """The pages read the clock: it stands at LATER until a test moves it."""
    with time_machine.travel(LATER, tick=False) as clock:
        yield clock


def sign_in(line: OrderLine) -> Client:
    client = Client()
    client.force_login(line.order.customer.user)
    return client


def path_of(line: OrderLine) -> str:
    return f"/account/lines/{line.pk}/refund/"


def review(client: Client, line: OrderLine, **typed: object) -> HttpResponse:
    """Fill in the form of the first page and send it."""
    form = client.get(path_of(line)).context["form"]
    hidden = {name: form[name].value() for name in ("key", "currency")}
    return client.post(path_of(line), hidden | typed)


def everything() -> dict[str, list[Any]]:
    """Every row of every table of the business."""
    return {
        model._meta.db_table: list(model.objects.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.db_table not in NEVER_THE_BUSINESS_S and model._meta.managed
    }


def code_of(answer: HttpResponse) -> str:
    return str(answer.context["refusal"]["code"])


@pytest.mark.promise(20)
@pytest.mark.promise(21)
@pytest.mark.promise(22)
@pytest.mark.promise(23)
def test_the_page_answers_the_three_questions_from_facts_with_their_instants():
    line = a_ready_line()
    use(line, 3_200_000_000)

    words = words_of(sign_in(line).get(path_of(line)))

    assert "Yes, until Mon 16 November 2026, 24:00, Berlin time; 14 days left" in words
    assert "Yes, first used Mon 2 November 2026, 13:00, Berlin time" in words
    assert "3.2 GB of 10 GB; 6.8 GB left" in words


def test_the_page_says_what_waits_for_a_dispute_beside_a_total_that_adds_up():
    line = a_ready_line()
    use(line, GIGABYTE)
    tells(line.order.payment, EventKind.DISPUTE_OPENED, 1900, dispute_ref="d1")

    answer = sign_in(line).get(path_of(line))

    assert "€17.10 of it waits until the bank has decided" in words_of(answer)
    assert sum(one.amount or 0 for one in above_total(answer.context["lines"])) == 1710
    (waits,) = (one for one in below_total(answer.context["lines"]) if one.amount)
    assert waits.amount == -1710


@pytest.mark.promise(46)
def test_the_page_opens_with_the_answer_and_says_what_would_change_it():
    line = a_ready_line()
    use(line, GIGABYTE)

    words = words_of(sign_in(line).get(path_of(line)))

    assert words.index("You get €17.10 back") < words.index("How we calculated this")
    assert "From Mon 16 November 2026, 24:00, Berlin time on: €0.00" in words
    assert "After using another tenth of the plan: €15.20" in words
    assert "You need not give a reason" in words


@pytest.mark.promise(24)
def test_nothing_due_still_leads_to_a_person(at_three):
    line = a_ready_line()
    use(line, 2 * GIGABYTE)
    at_three.move_to(NOON + timedelta(days=20))
    client = sign_in(line)
    assert "By the rules nothing comes back today" in words_of(client.get(path_of(line)))

    seen = review(client, line, words="It was slow")
    answer = client.post(seen.url)

    refund = RefundRequest.objects.get()
    assert answer.url == f"/account/refunds/{refund.pk}/"
    assert (refund.stage, refund.words) == ("under_review", "It was slow")
    assert "your plan goes on meanwhile" in words_of(client.get(answer.url))


def test_in_two_steps_the_guarded_amount_is_asked_for():
    line = a_ready_line()
    client = sign_in(line)

    seen = review(client, line)
    page = words_of(client.get(seen.url))
    answer = client.post(seen.url)
    twice = client.post(seen.url)

    assert "Get €19.00 back" in page
    assert "This amount holds until Mon 2 November 2026, 16:15, Berlin time" in page
    refund = RefundRequest.objects.get()
    assert answer.url == twice.url == f"/account/refunds/{refund.pk}/"
    assert client.get(seen.url).url == answer.url


@pytest.mark.promise(30)
def test_a_part_and_a_wish_are_kept_as_typed():
    line = a_ready_line()
    client = sign_in(line)

    seen = review(client, line, asked="7.50", wish="part", words="only half")
    assert "Get €7.50 back" in words_of(client.get(seen.url))
    client.post(seen.url)

    refund = RefundRequest.objects.get()
    assert (refund.asked_minor, refund.wish, refund.words) == (750, "part", "only half")


def test_more_than_is_due_is_no_error():
    line = a_ready_line()
    client = sign_in(line)

    seen = review(client, line, asked="25")

    assert "€25.00; a person looks at what is beyond the rules" in words_of(client.get(seen.url))


@pytest.mark.parametrize(
    "typed",
    [
        {"asked": "-1"},
        {"asked": "7.505"},
        {"asked": "1e3000"},
        {"wish": "gold"},
        {"destination": "transfer"},
        {"destination": "other@bank"},
        {"key": "no-uuid"},
    ],
)
def test_what_cannot_be_chosen_is_said_at_the_form_and_nothing_changes(typed):
    line = a_ready_line()
    client = sign_in(line)
    before = everything()

    assert review(client, line, **typed).status_code == 422
    assert everything() == before


# Abuse --------------------------------------------------------------------------------------------


def test_abuse_17_a_refund_in_another_currency():
    line = a_ready_line()
    client = sign_in(line)
    before = everything()

    answer = review(client, line, asked="7", currency="JPY")

    assert (answer.status_code, code_of(answer)) == (422, "currency-mismatch")
    assert everything() == before


def test_abuse_19_many_refunds_of_one_line_with_different_keys():
    line = a_ready_line()
    client = sign_in(line)
    quotes = [review(client, line).url for _ in range(20)]

    answers = [client.post(url) for url in quotes]

    assert [answer.status_code for answer in answers] == [302] + [409] * 19
    assert {code_of(answer) for answer in answers[1:]} == {"refund-already-open"}
    assert "Follow your request" in words_of(answers[-1])
    assert RefundRequest.objects.count() == 1
    prove_off(line, now=LATER)
    assert Decision.objects.get().due_minor == 1900
    assert list(find_faults()) == []


def test_abuse_21_the_same_key_with_other_content_and_the_key_of_another():
    line, other = a_ready_line(), a_ready_line(email="bob@example.com")
    client, key = sign_in(line), str(uuid4())
    first = review(client, line, key=key)
    before = everything()

    again = review(client, line, key=key)
    changed = review(client, line, key=key, asked="1")

    assert again.url == first.url
    assert (changed.status_code, code_of(changed)) == (422, "idempotency-mismatch")
    assert everything() == before
    theirs = review(sign_in(other), other, key=key)
    assert (theirs.status_code, theirs.url == first.url) == (302, False)


@pytest.mark.parametrize("minutes", [15, 16 * 60])
def test_abuse_23_an_expired_quote(at_three, minutes):
    line = a_ready_line()
    client = sign_in(line)
    seen = review(client, line)
    at_three.shift(timedelta(minutes=minutes))
    before = everything()

    answer = client.post(seen.url)

    assert (answer.status_code, code_of(answer)) == (409, "quote-expired")
    after = everything()
    assert after.pop("refunds_quote")[:-1] == before.pop("refunds_quote")
    assert after == before
    new = answer.context["quote"]
    assert client.post(f"/account/quotes/{new.key}/").status_code == 302


@pytest.mark.promise(15)
def test_abuse_23_a_quote_that_use_has_repriced_says_what_changed():
    line = a_ready_line()
    use(line, GIGABYTE)
    client = sign_in(line)
    seen = review(client, line)
    use(line, GIGABYTE, at=LATER - timedelta(minutes=5))

    answer = client.post(seen.url)

    assert (answer.status_code, code_of(answer)) == (409, "quote-changed")
    words = words_of(answer)
    assert "Data was used: 2 GB in all, 1 GB before." in words
    assert "It was €17.10; it is €15.20 now." in words
    assert "Get €15.20 back" in words
    assert RefundRequest.objects.count() == 0


def test_abuse_23_a_foreign_quote_is_as_unknown_as_one_that_nobody_has():
    line, stranger = a_ready_line(), a_ready_line(email="mallory@example.com")
    seen = review(sign_in(line), line)
    client = sign_in(stranger)
    before = everything()

    for act in (client.get, client.post):
        foreign, unknown = act(seen.url), act(f"/account/quotes/{uuid4()}/")
        assert foreign.status_code == unknown.status_code == 404
    assert everything() == before


def test_abuse_23_a_step_that_is_no_longer_open():
    line = a_ready_line()
    refund = ask_and_end(line)
    client = sign_in(line)
    before = everything()

    answer = client.post(f"/account/refunds/{refund.pk}/take-back/")

    assert (answer.status_code, code_of(answer)) == (409, "wrong-state")
    assert everything() == before


def test_abuse_29_bought_at_a_discount_and_asked_at_the_list_price_again_and_again():
    line = a_ready_line()
    OrderLine.objects.filter(pk=line.pk).update(list_price_minor=3800)
    use(line, GIGABYTE)
    client = sign_in(line)

    answers = []
    for _ in range(20):
        form = {"key": str(uuid4()), "currency": "EUR", "asked": "6.33"}
        seen = client.post(path_of(line), form)
        answers.append(client.post(seen.url) if seen.status_code == 302 else seen)
        prove_off(line, now=LATER)
        for refund in RefundRequest.objects.filter(stage="approved"):
            settle(payout_of(refund), PayoutStatus.SUCCEEDED)

    statuses = [answer.status_code for answer in answers]
    assert statuses == [302] * 3 + [409] * 17
    assert {code_of(answer) for answer in answers[3:]} == {"refund-already-open"}
    line.refresh_from_db()
    assert line.refunded_minor == 1710, "a tenth of the price was used; all else is back"
    refund = RefundRequest.objects.get(is_live=True)
    assert (refund.stage, refund.wish_minor) == ("under_review", 3 * 633 - 1710)
    assert list(find_faults()) == []


@pytest.mark.promise(24)
def test_who_asks_for_more_reads_that_what_is_due_does_not_wait_for_it():
    line = a_ready_line()
    use(line, GIGABYTE)
    client = sign_in(line)

    just_due = words_of(client.get(review(client, line, asked="17.10").url))
    more = words_of(client.get(review(client, line, asked="19").url))
    everything_back = words_of(client.get(review(client, line, wish="full").url))

    assert "This leaves without waiting" not in just_due
    assert "This leaves without waiting" in more
    assert "This leaves without waiting" in everything_back


def test_who_wished_for_a_new_esim_can_press_for_the_money_and_the_desk_for_the_esim():
    line = a_ready_line()
    use(line, GIGABYTE)
    client, desk = sign_in(line), Client()
    desk.force_login(given.a_colleague())
    quote = review(client, line, wish="replacement")
    assert "Your plan stays on and no money leaves" in words_of(client.get(quote.url))

    page = client.post(quote.url).url
    case = f"/desk{page.removeprefix('/account')}"
    assert "Take €17.10 instead" in words_of(client.get(page))
    assert "Give a new eSIM" in words_of(desk.get(case))
    pressed = client.post(f"{page}take-money/")
    too_late = desk.post(case, {"act": "replace", "words": ""})

    assert (pressed.status_code, too_late.status_code) == (302, 409)
    assert "Give a new eSIM" not in words_of(desk.get(case))
    prove_off(line, now=LATER + timedelta(minutes=1))
    assert RefundRequest.objects.get().stage == "approved"


def test_nothing_was_paid_for_a_trial_so_the_page_says_that_and_what_helps(client):
    order = trials.begin_trial(
        plan_code="trial-100mb-3d",
        email="ada@example.com",
        residence="DE",
        language="en",
        consents={"terms": "I agree."},
        key=uuid4(),
        now=NOON,
    )
    line = order.lines.get()
    client.force_login(order.customer.user)

    page = client.get(f"/account/lines/{line.pk}/refund/")
    answer = client.post(f"/account/lines/{line.pk}/refund/", {"key": uuid4()})

    assert "You paid nothing for this plan" in words_of(page)
    assert "0.00" not in words_of(page)
    assert f'href="/account/lines/{line.pk}/trouble/"' in page.content.decode()
    assert answer.status_code == 409
    assert not RefundRequest.objects.exists()
    trouble = client.get(f"/account/lines/{line.pk}/trouble/").content.decode()
    assert f'href="/account/lines/{line.pk}/refund/"' not in trouble
