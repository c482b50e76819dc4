"""Leaving: nothing that names the person stays, and the certificate shows it to a stranger."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail

from fairroam.apps.closures import operations, queries, tasks
from fairroam.apps.closures.models import STEPS, Closure, ClosureStep
from fairroam.apps.closures.operations.searching import search_everywhere
from fairroam.apps.conversations.operations import guides
from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import Customer, User
from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import CarrierNotice, Profile
from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.apps.papers.operations import channels
from fairroam.apps.payments.models import Payment
from fairroam.apps.refunds import operations as refunds
from fairroam.apps.refunds.models import RefundRequest
from fairroam.apps.refunds.operations import Said
from fairroam.apps.refunds.tasks import acknowledge_declaration
from fairroam.gateways.profiles import NoticeKind, ProgressNotice
from fairroam.proof import opens, read, verify
from fairroam.worker.books import find_faults
from tests.apps.closures_given import (
    ADDRESS,
    EVENING,
    a_closed_account,
    a_closure_before_its_last_mail,
    a_customer_with_a_line,
    close_wholly,
    deliver,
    leave,
    take_steps,
)
from tests.apps.lines_given import a_ready_line, ask, prove_off
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")


def test_nothing_that_names_the_person_is_left_anywhere():
    assert search_everywhere(ADDRESS)[1] == []
    closure, refund = a_closed_account()

    proof = ClosureStep.objects.get(closure=closure, name="erase").proof
    assert proof["erased"]["customers_user.email"] == 1
    assert proof["erased"]["esims_profile.eid"] == 1
    assert proof["erased"]["refunds_refundrequest.words"] == 1
    assert proof["erased"]["notices_notice.address"] >= 1
    scanned = ClosureStep.objects.get(closure=closure, name="rescan").proof
    assert scanned["searched_columns"] > 50
    assert search_everywhere(ADDRESS)[1] == []
    assert User.objects.count() == 0
    refund.refresh_from_db()
    assert (refund.words, refund.stage) == ("", "paid")


def test_nobody_is_kept_from_leaving_by_what_strangers_write_of_them():
    customer, _line = a_customer_with_a_line()
    report = channels.report_fake(what=f"<{ADDRESS}>", words=f"{ADDRESS.upper()}!", now=NOON)
    opinion = guides.say_of_guide(
        guide="install", language="en", is_helpful=True, words=f"Ask {ADDRESS}.", now=NOON
    )
    said = Said(
        kind="termination",
        name=ADDRESS,
        email="eve@example.com",
        contract=f"of {ADDRESS}",
        residence="DE",
        language="en",
        reason=f"{ADDRESS} is gone",
    )
    declared = refunds.declare(key=uuid4(), said=said, now=NOON)
    acknowledge_declaration(declaration_id=declared.pk, now=NOON)

    assert close_wholly(customer).stage == "certified"

    for row in (report, opinion, declared):
        row.refresh_from_db()
    assert (report.what, report.words, opinion.words) == ("<…>", "…!", "Ask ….")
    assert "ada@" not in Notice.objects.get(kind="refunds.declared").text
    assert (declared.name, declared.contract, declared.reason) == ("…", "of …", "… is gone")


@pytest.mark.promise(62)
def test_a_phone_that_tells_of_a_deletion_days_later_is_not_bound_again():
    customer, line = a_customer_with_a_line()
    profile = Profile.objects.get(line_id=line.pk)

    def tell(kind: NoticeKind, at: datetime) -> bool:
        notice = ProgressNotice(
            iccid=profile.iccid,
            eid="89049032123451234512345678901235",
            kind=kind,
            point=str(kind),
            succeeded=True,
            happened_at=at,
            key=f"{profile.iccid} {kind}",
        )
        return esims.record_notice(notice=notice, now=at)

    tell(NoticeKind.INSTALLED, EVENING)
    profile.refresh_from_db()
    assert profile.eid
    statement = close_wholly(customer).certificate.statement

    [stopped] = [row for row in statement["stopped"] if row["code"] == "LINE"]
    assert "no phone has told yet" in stopped["why"]
    assert tell(NoticeKind.DELETED, EVENING + timedelta(days=3))

    profile.refresh_from_db()
    assert (profile.eid, profile.matching_id) == ("", "")
    assert set(CarrierNotice.objects.values_list("eid", flat=True)) == {""}
    assert profile.facts.filter(kind="deleted").exists()
    assert list(find_faults()) == []
    Profile.objects.filter(pk=profile.pk).update(eid="89049032123451234512345678901235")
    assert list(find_faults()) == [f"esims: erased customer {customer.pk} is bound to a phone"]


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


@pytest.mark.parametrize(
    ("written", "is_there"),
    [
        (ADDRESS, True),
        (f"write to <{ADDRESS.upper()}>.", True),
        (f"mailto:{ADDRESS}, or call", True),
        (f"I am {ADDRESS}. Thanks", True),
        (f"jo{ADDRESS}", False),
        (f"jo.{ADDRESS}", False),
        (f"{ADDRESS}.au", False),
        (ADDRESS.replace(".", "x"), False),
    ],
)
def test_the_search_is_for_the_whole_address(written, is_there):
    a_customer_with_a_line()
    User.objects.update(email="somebody@example.org")
    Payment.objects.update(description=written)

    assert (search_everywhere(ADDRESS)[1] == ["payments_payment.description"]) is is_there


def test_an_address_at_the_start_of_a_line_in_json_is_found():
    a_customer_with_a_line()
    User.objects.update(email="somebody@example.org")
    facts = {"words": f"from\n{ADDRESS}"}
    Event.objects.create(kind="order.placed", actor="system", happened_at=NOON, facts=facts)

    assert search_everywhere(ADDRESS)[1] == ["journal_event.facts"]


def test_nobody_else_can_keep_a_customer_from_leaving():
    customer, _line = a_customer_with_a_line()
    other = deliver(a_ready_line(email=f"jo{ADDRESS}"))
    ask(other, words=f"my friend {ADDRESS} says hello")

    closure = close_wholly(customer)

    assert closure.stage == "certified"


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
        "PAID_BACK": -1000,
        "FORFEITED": -(1597 - 840),
        "KEPT": -143,
    }
    assert [amount["minor"] for amount in statement["balance"]] == [0]
    assert {entry["until"] for entry in statement["kept"]} == {
        "2036-12-31",
        "2029-12-31",
        "2027-12-07",
    }
    assert ADDRESS not in closure.certificate.signed

    [message] = mail.outbox
    salts = dict(
        line.split(": ") for line in message.body.splitlines() if line.startswith("Mail address · ")
    )
    assert opens(statement["commitments"]["address"], ADDRESS, salts["Mail address · address"])
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
    assert "、付款和余额、" in closure.certificate.statement["kept"][0]["text"]
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

    assert f"closing {broken.pk} cannot be gone on with" in caplog.text
    assert queries.next_step(other.pk) == "lines"


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
