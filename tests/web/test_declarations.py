"""Withdraw or end a contract without signing in: taken at once, carried out once it is proven."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from fairroam.apps.journal.models import Event
from fairroam.apps.notices.models import Notice
from fairroam.apps.orders.models import OrderLine
from fairroam.apps.refunds import tasks
from fairroam.apps.refunds.models import Declaration, RefundRequest
from fairroam.apps.refunds.operations.declaring import A_DAY_MAX
from fairroam.apps.refunds.personal import erase
from fairroam.clock import now
from tests import given
from tests.web.site_given import words_of

pytestmark = pytest.mark.usefixtures("catalogue")
CHANGING = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"|DE-\w{4}-\w{4}')


def typed(line: OrderLine | None = None, **other: str) -> dict[str, str]:
    number = line.order.number if line else "FR-0000-0000"
    return {
        "name": "Ada Lovelace",
        "contract": number,
        "email": "ada@example.com",
        "residence": "DE",
        "key": str(uuid4()),
    } | other


def withdraw(client: Client, form: dict[str, str], path: str = "/withdraw/") -> Declaration:
    """Both steps, as a browser does them."""
    assert client.post(path, form).status_code == 200
    answer = client.post(path, form | {"step": "confirm"})
    assert answer["Location"] == "/declarations/received/", words_of(answer)
    return Declaration.objects.latest("pk")


def mailed(declaration: Declaration) -> Notice:
    tasks.acknowledge_declaration(declaration_id=declaration.pk, now=now())
    return Notice.objects.get(act=f"refunds.declared:{declaration.pk}")


def link_in(notice: Notice) -> str:
    found = re.search(r"https?://[^/]+(/declarations/\S+/)", notice.text)
    assert found is not None
    return found[1]


@pytest.mark.promise(65, 28)
@pytest.mark.parametrize(
    ("residence", "heading"),
    [
        ("US", '<h1 lang="zh-Hant">撤回合約</h1>'),  # no law fixes them: they speak to the reader
        ("DE", '<h1 lang="de">Vertrag widerrufen</h1>'),
    ],
)
def test_words_that_no_law_fixes_are_in_the_page_s_language(client, residence, heading):
    page = client.get(f"/withdraw/?residence={residence}", headers={"accept-language": "zh-TW"})

    assert heading in page.content.decode()
    assert ("用詞由我們自定" in page.content.decode()) == (residence == "US")


def test_two_steps_and_a_receipt_at_once_without_a_sign_in(client):
    line = given.a_paid_line()
    form = typed(line)

    first = client.post("/withdraw/", form)
    assert "Widerruf bestätigen" in words_of(first)
    assert not Declaration.objects.exists()  # nothing is declared before the second button

    declaration = withdraw(client, form)
    receipt = words_of(client.get("/declarations/received/"))
    for part in (declaration.number, "Ada Lovelace", line.order.number, "ada@example.com"):
        assert part in receipt
    mail = mailed(declaration)
    assert (mail.address, mail.customer_id) == ("ada@example.com", None)
    assert "paid by" in mail.text
    assert not RefundRequest.objects.exists()  # nobody has shown that they own the mailbox


def test_the_same_form_sent_twice_is_one_declaration(client):
    form = typed(given.a_paid_line())

    first, second = withdraw(client, form), withdraw(client, form)

    assert first == second
    assert Declaration.objects.count() == 1
    changed = client.post("/withdraw/", form | {"step": "confirm", "name": "Eve"})
    assert changed.status_code == 422


def test_nothing_tells_whether_the_order_exists(client):
    line = given.a_paid_line()
    pages, mails = set(), set()
    for form in (typed(line), typed(), typed(line, email="bob@example.com")):
        declaration = withdraw(client, form)
        page = client.get("/declarations/received/").content
        mail = mailed(declaration).text.replace(link_in(mailed(declaration)), "LINK")
        for text in (form["contract"], form["email"]):
            page = page.replace(text.encode(), b"-")
            mail = mail.replace(text, "-")
        moments = [declaration.declared_at.strftime("%H:%M:%S"), declaration.number]
        pages.add(re.sub(rb"\d", b"0", CHANGING.sub(b"", page)))
        mails.add(re.sub(r"\d", "0", mail.replace(moments[1], "")))

    assert len(pages) == 1
    assert len(mails) == 1


@pytest.mark.promise(65)
def test_a_click_in_the_mailbox_of_the_order_makes_it_happen_from_the_day_declared(client):
    line = given.a_paid_line()
    declaration = withdraw(client, typed(line, contract=f" {line.order.number.lower()} "))
    Declaration.objects.update(declared_at=now() - timedelta(hours=3))
    path = link_in(mailed(declaration))

    assert "Yes, it was me" in words_of(client.get(path))
    assert not RefundRequest.objects.exists()  # a mail scanner's look does nothing
    client.post(path)
    client.post(path)

    refund = RefundRequest.objects.get()
    declaration.refresh_from_db()
    assert (refund.order_line_id, refund.declared_at) == (line.pk, declaration.declared_at)
    assert (declaration.stage, declaration.settled_by) == ("confirmed", "mailbox")
    assert "under way" in words_of(client.get(path))


@pytest.mark.parametrize("wrong", ["email", "contract"])
def test_a_click_in_another_mailbox_switches_nothing_off(client, wrong):
    line = given.a_paid_line()
    other = {"email": "mallory@example.com", "contract": "FR-0000-0000"}[wrong]
    declaration = withdraw(client, typed(line, **{wrong: other}))

    client.post(link_in(mailed(declaration)))

    declaration.refresh_from_db()
    assert declaration.stage == "with_a_person"
    assert not RefundRequest.objects.exists()


def test_whoever_is_signed_in_need_not_click(client):
    line = given.a_paid_line()
    client.force_login(line.order.customer.user)

    declaration = withdraw(client, typed(line))

    assert declaration.stage == "confirmed"
    assert RefundRequest.objects.get().declared_at == declaration.declared_at


def test_somebody_signed_in_cannot_withdraw_for_another(client):
    line = given.a_paid_line()
    client.force_login(given.a_paid_line(email="eve@example.com").order.customer.user)

    declaration = withdraw(client, typed(line))

    assert declaration.stage == "received"
    assert not RefundRequest.objects.exists()


def test_a_person_sees_it_the_same_day_and_carries_it_out_or_says_why_not(client):
    line = given.a_paid_line()
    found = withdraw(client, typed(line, contract="the one for Japan"))
    nothing = withdraw(client, typed())
    client.force_login(given.a_colleague())
    queue = words_of(client.get("/desk/declarations/"))
    assert found.number in queue
    assert nothing.number in queue

    client.post(
        f"/desk/declarations/{found.pk}/settle/",
        {"act": "confirm", "order_number": line.order.number},
    )
    silent = client.post(f"/desk/declarations/{nothing.pk}/settle/", {"act": "close"})
    assert (silent.status_code, silent.context["wrong"]["id"]) == (422, nothing.pk)
    mistyped = {"act": "confirm", "order_number": "FR-0000-0000"}
    unknown = client.post(f"/desk/declarations/{nothing.pk}/settle/", mistyped)
    assert unknown.status_code == 404
    assert 'value="FR-0000-0000"' in unknown.content.decode()
    assert "No order has this number." in words_of(unknown)
    nothing.refresh_from_db()
    assert nothing.stage == "received"  # no words, no closing
    client.post(
        f"/desk/declarations/{nothing.pk}/settle/", {"act": "close", "words": "No such order."}
    )

    assert RefundRequest.objects.get().declared_at == found.declared_at
    closed = Event.objects.get(kind="contract.declaration_closed")
    tasks.tell_declaration_closed(declaration_id=closed.facts["declaration_id"], now=now())
    assert "No such order." in Notice.objects.get(act__contains="declaration_closed").text
    assert found.number not in words_of(client.get("/desk/declarations/"))


@pytest.mark.promise(65)
def test_a_withdrawal_that_overtakes_the_payment_counts_from_the_payment(client):
    order = given.an_order(now=now() - timedelta(hours=2))
    declaration = withdraw(client, typed(order.lines.get()))
    Declaration.objects.update(declared_at=now() - timedelta(hours=1))
    paid_at = given.pay(order, now=now()).paid_at

    client.post(link_in(mailed(declaration)))

    refund = RefundRequest.objects.get()
    assert (refund.declared_at, refund.received_at >= paid_at) == (paid_at, True)


def test_no_colleague_takes_a_later_order_for_the_one_that_was_meant(client):
    declaration = withdraw(client, typed())
    later = given.pay(given.an_order(now=now() + timedelta(hours=1)), now=now())
    client.force_login(given.a_colleague())

    answer = client.post(
        f"/desk/declarations/{declaration.pk}/settle/",
        {"act": "confirm", "order_number": later.number, "words": ""},
    )

    declaration.refresh_from_db()
    assert (answer.status_code, declaration.stage) == (422, "received")
    assert "about another one" in words_of(answer)


def test_many_declarations_of_one_address_are_refused_with_another_way(client):
    for _ in range(A_DAY_MAX):
        withdraw(client, typed())

    answer = client.post("/withdraw/", typed() | {"step": "confirm"})

    assert answer.status_code == 429
    assert "by mail" in words_of(answer)


@pytest.mark.promise(68, 70)
def test_ending_a_contract_is_another_door_than_withdrawing_from_it(client):
    line = given.a_paid_line()
    page = words_of(client.get("/terminate/?residence=DE"))
    assert "Verträge hier kündigen" in page
    form = typed(line, grounds="for_cause")
    assert client.post("/terminate/", form).status_code == 422  # for cause needs one
    declaration = withdraw(client, form | {"reason": "no network"}, "/terminate/")

    client.post(link_in(mailed(declaration)))

    declaration.refresh_from_db()
    assert (declaration.kind, declaration.stage) == ("termination", "confirmed")
    assert not RefundRequest.objects.exists()  # what is paid for goes on to its last day
    tasks.tell_contract_left(declaration_id=declaration.pk, now=now())
    assert "Nothing renews any more" in Notice.objects.get(act__contains="contract_left").text


def test_what_was_declared_goes_with_the_account(client):
    line = given.a_paid_line()
    withdraw(client, typed(line, contract="mine"))

    erased = erase(line.order.customer_id)

    assert erased["refunds_declaration.email"] == 1
    assert not Declaration.objects.exclude(name="", email="", contract="").exists()
