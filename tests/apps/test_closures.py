"""Leaving: what blocks, what ends, what is forfeited, erased and certified, each step once."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import IntegrityError, transaction

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import STEPS, Closure, ClosureStep
from fairroam.apps.closures.operations.erasing import search_everywhere
from fairroam.apps.closures.operations.stepping import move
from fairroam.apps.closures.refusals import AlreadyClosing, StaffAccount, StillOnItsWay
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer, User
from fairroam.apps.customers.refusals import AccountClosed
from fairroam.apps.esims import tasks as esim_tasks
from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.journal.refusals import MovedMeanwhile
from fairroam.apps.ledger import operations as ledger
from fairroam.apps.ledger import queries as books
from fairroam.apps.ledger.operations import Entry
from fairroam.apps.ledger.queries import BookName
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.payments import operations as payments
from fairroam.apps.payments.models import Payment, Payout
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds import tasks as refund_tasks
from fairroam.apps.refunds.models import RefundRequest
from fairroam.gateways.payments import PayoutReceipt, PayoutStatus
from fairroam.proof import opens, read, verify
from fairroam.rules.money import Money
from fairroam.worker.books import find_faults
from tests import given
from tests.apps.lines_given import a_ready_line, ask, ask_and_end, payout_of, prove_off, use
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
ADDRESS = "ada@example.com"
EVENING = NOON + timedelta(hours=7)


def deliver(line: OrderLine) -> OrderLine:
    """The order of a line is fulfilled."""
    from fairroam.apps.orders import operations as orders

    orders.record_delivery(order_line_id=line.pk, now=NOON)
    return line


def a_customer_with_a_line() -> tuple[Customer, OrderLine]:
    line = deliver(a_ready_line())
    return Customer.objects.get(pk=line.order.customer_id), line


def leave(customer: Customer, *, key: UUID | None = None) -> Closure:
    return operations.request_closure(
        customer_id=customer.pk, key=key or uuid4(), now=EVENING, actor=f"customer:{customer.pk}"
    )


def take_steps(closure: Closure) -> list[str]:
    """Take steps as the queue does, until one waits or none is left."""
    taken = []
    while (name := queries.next_step(closure.pk)) is not None:
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)
        if queries.next_step(closure.pk) == name:
            break
        taken.append(name)
    return taken


def close_wholly(customer: Customer) -> Closure:
    """Leave, with the network proving every line off at once."""
    closure = leave(customer)
    take_steps(closure)
    for line in Line.objects.filter(customer=customer, is_live=True):
        prove_off(line.order_line, now=EVENING)
    tasks.continue_closing(customer_id=customer.pk, now=EVENING)
    take_steps(closure)
    closure.refresh_from_db()
    return closure


def codes(customer: Customer) -> list[str]:
    return [item.code for item in queries.checklist(customer.pk, EVENING).items]


def give_credit(customer: Customer, kind: str, minor: int) -> None:
    clearing = BookName("clearing", "EUR", label="sandbox")
    credit = BookName(kind, "EUR", customer_id=customer.pk)
    ledger.post([Entry(f"given:{kind}", minor, clearing, credit)], now=NOON)


# The checklist --------------------------------------------------------------------------------


def test_the_checklist_names_what_would_be_lost_and_what_can_still_be_taken():
    customer, line = a_customer_with_a_line()
    use(line, 4 * 10**9, at=NOON)
    give_credit(customer, "promo_credit", 250)

    listed = {item.code: dict(item.facts) for item in queries.checklist(customer.pk, EVENING).items}

    assert listed["refund_open"] == {
        "order_line_id": line.pk,
        "currency": "EUR",
        "minor": 1140,
    }
    assert listed["plan_running"] == {
        "order_line_id": line.pk,
        "days_left": 30,
        "bytes_left": 6 * 10**9,
    }
    assert listed["promo_credit_lost"] == {"currency": "EUR", "minor": 250}
    assert listed["profile_in_phone"] == {"order_line_id": line.pk}
    assert queries.checklist(customer.pk, EVENING).is_clear


def test_what_is_on_its_way_blocks_and_says_so():
    customer, line = a_customer_with_a_line()
    refund = ask(line)
    given.an_order()  # Not paid yet.
    give_credit(customer, "paid_credit", 5)

    with pytest.raises(StillOnItsWay) as refused:
        leave(customer)

    blockers = [item["code"] for item in refused.value.facts["blockers"]]
    assert blockers == ["refund_in_progress", "order_in_progress", "paid_credit_left"]
    assert refused.value.facts["blockers"][0]["facts"]["refund_id"] == refund.pk
    assert Closure.objects.count() == 0


def test_money_of_an_order_that_was_given_up_is_awaited():
    customer, line = a_customer_with_a_line()
    from fairroam.apps.orders import operations as orders

    orders.give_up(order_line_id=line.pk, now=NOON)

    assert {"money_owed", "payout_in_progress"} <= set(codes(customer))
    with pytest.raises(StillOnItsWay):
        leave(customer)


def test_an_unlimited_plan_has_no_bytes_to_name():
    line = deliver(a_ready_line("asia-day-pass-5d"))
    checklist = queries.checklist(line.order.customer_id, EVENING)

    [plan] = [item for item in checklist.items if item.code == "plan_running"]
    assert (plan.facts["days_left"], plan.facts["bytes_left"]) == (5, None)


# Asking ---------------------------------------------------------------------------------------


def test_the_same_form_twice_is_one_closing_and_a_second_form_is_refused():
    customer, _line = a_customer_with_a_line()
    key = uuid4()
    closure = leave(customer, key=key)

    assert leave(customer, key=key).pk == closure.pk
    assert [item["code"] for item in closure.checklist] == codes(customer)
    with pytest.raises(AlreadyClosing):
        leave(customer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Closure.objects.create(customer=customer, checklist=[], requested_at=EVENING, language="en")


def test_who_works_at_the_desk_leaves_the_staff_first():
    customer, _line = a_customer_with_a_line()
    User.objects.filter(pk=customer.user_id).update(is_staff=True)

    with pytest.raises(StaffAccount):
        leave(customer)


def test_a_closed_account_is_not_closed_again():
    customer, _line = a_customer_with_a_line()
    close_wholly(customer)

    with pytest.raises(AccountClosed):
        leave(customer)


# The steps ------------------------------------------------------------------------------------


def test_a_whole_closing_waits_for_the_network_and_ends_with_a_certificate():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)

    assert take_steps(closure) == ["refunds"]
    row = queries.closure_of(customer.pk)
    assert (row.stage, row.steps[1].name, row.steps[1].waits_for) == ("closing", "lines", "lines")
    assert [waiting.id for waiting in queries.queue()] == [closure.pk]

    prove_off(line, now=EVENING)
    tasks.resume_closings(now=EVENING)
    assert take_steps(closure) == list(STEPS[2:])

    customer.refresh_from_db()
    closure.refresh_from_db()
    assert (customer.is_open, customer.closed_at, customer.user) == (False, EVENING, None)
    assert closure.stage == "certified"
    assert (closure.sealed_address, closure.salts) == (None, None)
    assert queries.closure_of(customer.pk).certificate == closure.certificate.number
    assert all(step.done_at for step in queries.closure_of(customer.pk).steps)
    assert queries.queue() == []
    assert [book.minor for book in books.balances_of(customer.pk)] == [0]
    assert books.balance(BookName("breakage", "EUR")) == 1597
    assert list(find_faults()) == []


def test_every_step_is_safe_twice_and_each_is_done_once():
    customer, _line = a_customer_with_a_line()
    closure = close_wholly(customer)
    told = Event.objects.filter(kind="closure.step_done").count()

    for _ in range(2):
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)
        tasks.send_last_mail(closure_id=closure.pk, now=EVENING)
    operations.record_last_mail(closure_id=closure.pk, is_taken=True, now=EVENING)

    assert told == len(STEPS)
    assert Event.objects.filter(kind="closure.step_done").count() == told
    assert [message.to for message in mail.outbox] == [[ADDRESS]]
    assert Paper.objects.filter(kind="certificate").count() == 1


def test_the_database_refuses_to_close_over_anything_that_lives():
    customer, _line = a_customer_with_a_line()

    with pytest.raises(IntegrityError), transaction.atomic():
        customers.close(customer_id=customer.pk, now=EVENING)

    Line.objects.filter(customer=customer).update(
        stage="terminated", is_live=None, ended_at=EVENING
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        customers.close(customer_id=customer.pk, now=EVENING)
    Profile.objects.filter(customer=customer).update(is_live=None)
    customers.close(customer_id=customer.pk, now=EVENING)
    with pytest.raises(IntegrityError), transaction.atomic():
        Line.objects.filter(customer=customer).update(stage="active", is_live=True, ended_at=None)


def test_what_begins_while_an_account_closes_is_ended_before_it_is_closed():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    for _ in ("lines", "notices", "sessions"):
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)

    late_line = deliver(a_ready_line())
    esim_tasks.tell_customer(order_line_id=late_line.pk, now=EVENING)
    assert take_steps(closure) == []
    assert queries.closure_of(customer.pk).steps[4].waits_for == "lines"

    prove_off(late_line, now=EVENING)
    assert take_steps(closure)[-1] == "last_mail"
    assert Notice.objects.get().stage == "dropped"
    assert books.balance(BookName("breakage", "EUR")) == 2 * 1597
    assert list(find_faults()) == []


def test_a_refund_that_is_asked_for_meanwhile_is_awaited():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    refund = ask(line, now=EVENING)

    assert take_steps(closure) == []
    assert queries.closure_of(customer.pk).steps[0].waits_for == "refunds"

    prove_off(line, now=EVENING)
    pay_out(payout_of(refund))
    assert take_steps(closure)[-1] == "last_mail"
    assert list(find_faults()) == []


def test_an_order_that_still_waits_keeps_the_account_open():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    late_order = given.an_order(now=EVENING)

    take_steps(closure)
    assert queries.closure_of(customer.pk).steps[4].waits_for == "something_lives"

    Order.objects.filter(pk=late_order.pk).update(stage="cancelled", is_live=None)
    assert take_steps(closure)[-1] == "last_mail"


def test_paid_credit_is_never_forfeited():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    give_credit(customer, "paid_credit", 700)
    give_credit(customer, "promo_credit", 250)
    take_steps(closure)
    prove_off(line, now=EVENING)

    take_steps(closure)

    assert queries.closure_of(customer.pk).steps[4].waits_for == "balance"
    assert books.balance(BookName("paid_credit", "EUR", customer_id=customer.pk)) == 700
    assert books.balance(BookName("breakage", "EUR")) == 1597 + 250


def test_money_owed_from_a_payout_that_failed_is_awaited():
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    owed = BookName("refunds_owed", "EUR", customer_id=customer.pk)
    ledger.post([Entry("owed", 5, BookName("suspense", "EUR"), owed)], now=NOON)

    assert take_steps(closure) == []
    assert queries.closure_of(customer.pk).steps[0].waits_for == "money_owed"
    assert Line.objects.get(pk=line.pk).stage == "active"


def test_every_browser_is_signed_out_and_strangers_stay():
    customer, _line = a_customer_with_a_line()
    number = Order.objects.get().number
    contents = [
        {"_auth_user_id": str(customer.user_id)},
        {"orders": [number]},
        {"_auth_user_id": str((customer.user_id or 0) + 1)},
        {"orders": ["FR-OTHER"]},
    ]
    kept = []
    for content in contents:
        session = SessionStore()
        session.update(content)
        session.create()
        kept.append(session.session_key)
    # Sessions are dated by the machine's own clock.
    Session.objects.update(expire_date=EVENING + timedelta(days=1))

    close_wholly(customer)

    left = Session.objects.filter(session_key__in=kept).values_list("session_key", flat=True)
    assert set(left) == set(kept[2:])


def test_a_closing_moves_only_from_the_stage_it_was_read_in():
    customer, _line = a_customer_with_a_line()
    closure = leave(customer)
    stale = Closure.objects.get(pk=closure.pk)
    move(closure, "start")

    with pytest.raises(MovedMeanwhile):
        move(stale, "start")


# Erasing and proof ----------------------------------------------------------------------------


def pay_out(payout_id: int) -> None:
    payments.claim_payout(payout_id=payout_id, now=EVENING)
    payout = Payout.objects.get(pk=payout_id)
    receipt = PayoutReceipt(
        provider_ref=f"po_{payout_id}",
        status=PayoutStatus.SUCCEEDED,
        amount=Money(payout.amount_minor, payout.currency),
        reason="",
    )
    payments.record_payout(payout_id=payout_id, receipt=receipt, now=EVENING)
    refunds.payout_succeeded(payout_id=payout_id, now=EVENING)


def a_closed_account() -> tuple[Closure, RefundRequest]:
    customer, line = a_customer_with_a_line()
    Profile.objects.filter(customer=customer).update(eid="89049032123451234512345678901235")
    refund = ask_and_end(line, asked_minor=1000, words=f"write to {ADDRESS.upper()} please")
    pay_out(payout_of(refund))
    for kind in ("refund.requested", "refund.approved", "refund.paid"):
        refund_tasks.tell_customer(kind=kind, facts={"refund_id": refund.pk}, now=EVENING)
    return close_wholly(customer), refund


def test_nothing_that_names_the_person_is_left_anywhere():
    assert search_everywhere(ADDRESS)[1] == []
    closure, refund = a_closed_account()

    proof = ClosureStep.objects.get(closure=closure, name="erase").proof
    assert proof["erased"]["customers_user.email"] == 1
    assert proof["erased"]["esims_profile.eid"] == 1
    assert proof["erased"]["refunds_refundrequest.words"] == 1
    assert proof["erased"]["notices_notice.address"] >= 1
    assert proof["searched_columns"] > 50
    assert search_everywhere(ADDRESS)[1] == []
    assert User.objects.count() == 0
    refund.refresh_from_db()
    assert (refund.words, refund.stage) == ("", "paid")


def test_the_search_finds_an_address_wherever_it_hides():
    customer, _line = a_customer_with_a_line()
    Payment.objects.update(description=f"for {ADDRESS.upper()}")

    _columns, found = search_everywhere(ADDRESS)

    assert found == ["customers_user.email", "payments_payment.description"]
    closure = leave(customer)
    take_steps(closure)
    prove_off(_line, now=EVENING)
    with pytest.raises(AssertionError, match=r"payments_payment\.description"):
        take_steps(closure)
    assert Paper.objects.filter(kind="certificate").count() == 0


def test_the_certificate_says_what_the_books_say_and_opens_only_with_the_salts_of_the_mail():
    closure, refund = a_closed_account()
    statement = closure.certificate.statement

    assert verify(read(closure.certificate.signed), papers.key_set())
    assert [entry["code"] for entry in statement["stopped"]] == ["LINE", "SESSIONS", "NOTICES"]
    assert statement["stopped"][0]["why"].startswith("899990…")
    [paid] = statement["paid"]
    assert (paid["amount"]["minor"], paid["code"]) == (1000, "REFUND")
    assert {entry["code"]: entry["amount"]["minor"] for entry in statement["figures"]} == {
        "PAID_IN": 1900,
        "PAID_BACK": 1000,
        "FORFEITED": 1597 - 840,
    }
    assert [amount["minor"] for amount in statement["balance"]] == [0]
    assert {entry["until"] for entry in statement["kept"]} == {"2036-12-31", "2029-12-31"}
    assert ADDRESS not in closure.certificate.signed

    [message] = mail.outbox
    salts = dict(
        line.split(": ") for line in message.body.splitlines() if line.startswith("address: ")
    )
    assert opens(statement["commitments"]["address"], ADDRESS, salts["address"])
    assert [name for name, _content, _type in message.attachments] == [
        f"{closure.certificate.number}.pdf",
        f"{closure.certificate.number}.json",
    ]
    signed = json.loads(message.attachments[1][1])
    assert signed["statement"]["number"] == closure.certificate.number
    assert RefundRequest.objects.get().pk == refund.pk


def test_a_chinese_customer_gets_a_chinese_certificate():
    customer, _line = a_customer_with_a_line()
    customers.choose_language(customer_id=customer.pk, language="zh-Hans")

    closure = close_wholly(customer)

    assert closure.certificate.language == "zh-Hans"
    assert closure.certificate.statement["stopped"][0]["text"] == "日本 10 GB"
    assert mail.outbox[0].extra_headers["Content-Language"] == "zh-Hans"


def test_a_false_figure_or_a_lost_certificate_is_found():
    closure, _refund = a_closed_account()
    assert list(find_faults()) == []

    statement = closure.certificate.statement
    statement["figures"][0]["amount"]["minor"] += 1
    Paper.objects.filter(pk=closure.certificate_id).update(statement=statement)
    Closure.objects.filter(pk=closure.pk).update(sealed_address=ADDRESS)

    faults = " / ".join(queries.find_faults())
    assert "says other figures than the books" in faults
    assert "kept the address after the last mail" in faults


def test_a_mailbox_that_is_gone_does_not_keep_the_address(settings, mail_door):
    closure = a_closure_before_its_last_mail()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_door.refusing(550)

    tasks.send_last_mail(closure_id=closure.pk, now=EVENING)

    closure.refresh_from_db()
    assert closure.sealed_address is None
    assert ClosureStep.objects.get(name="last_mail").proof == {"is_taken": False}


def test_a_mail_server_that_is_busy_is_asked_again(settings, mail_door):
    closure = a_closure_before_its_last_mail()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_door.refusing(451)

    with pytest.raises(OSError, match="451"):
        tasks.send_last_mail(closure_id=closure.pk, now=EVENING)

    closure.refresh_from_db()
    assert closure.sealed_address == ADDRESS


def test_two_workers_send_one_last_mail_and_a_killed_one_is_followed():
    closure = a_closure_before_its_last_mail()
    assert operations.claim_last_mail(closure_id=closure.pk, now=EVENING) is not None

    tasks.send_last_mail(closure_id=closure.pk, now=EVENING + timedelta(minutes=4))
    assert mail.outbox == []
    tasks.send_last_mail(closure_id=closure.pk, now=EVENING + timedelta(minutes=5))
    assert len(mail.outbox) == 1


def test_a_closing_that_cannot_go_on_holds_up_no_other(caplog):
    customer, _line = a_customer_with_a_line()
    broken = leave(customer)
    Closure.objects.filter(pk=broken.pk).update(stage="certified", sealed_address=ADDRESS)
    other_line = deliver(a_ready_line(email="bo@example.com"))
    other = leave(Customer.objects.get(pk=other_line.order.customer_id))
    ClosureStep.objects.bulk_create(
        ClosureStep(closure=broken, name=name, started_at=NOON, done_at=NOON) for name in STEPS[:-1]
    )

    tasks.resume_closings(now=EVENING)  # The first has no certificate to send.

    assert f"closing {broken.pk} cannot go on" in caplog.text
    assert queries.next_step(other.pk) == "lines"


def test_an_order_taken_off_before_it_was_delivered_holds_nobody():
    line = a_ready_line()  # Its delivery was never recorded.
    customer = Customer.objects.get(pk=line.order.customer_id)
    refund = ask_and_end(line)
    pay_out(payout_of(refund))

    assert close_wholly(customer).stage == "certified"
    assert list(find_faults()) == []


def a_closure_before_its_last_mail() -> Closure:
    customer, line = a_customer_with_a_line()
    closure = leave(customer)
    take_steps(closure)
    prove_off(line, now=EVENING)
    while queries.next_step(closure.pk) != "last_mail":
        tasks.take_next_step(closure_id=closure.pk, now=EVENING)
    return closure


class MailDoor:
    """A mail server that answers every mail with one code."""

    def __init__(self) -> None:
        self.controllers = []

    def refusing(self, code: int) -> int:
        from aiosmtpd.controller import Controller

        class Refusing:
            async def handle_DATA(self, *_: object) -> str:
                return f"{code} not now"

        from sandbox.processes import free_port

        controller = Controller(Refusing(), hostname="127.0.0.1", port=free_port())
        controller.start()
        self.controllers.append(controller)
        return controller.port


@pytest.fixture
def mail_door():
    door = MailDoor()
    yield door
    for controller in door.controllers:
        controller.stop()
