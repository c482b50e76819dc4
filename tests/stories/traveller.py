"""A traveller: a browser, a mail box and a phone; everything goes through doors that people use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any
from uuid import uuid4

import httpx

from fairroam.apps.customers import operations as customers
from fairroam.apps.orders.models import Order, OrderLine
from fairroam.apps.refunds.models import Decision, RefundRequest
from fairroam.clock import now
from tests import given
from tests.stack import GOOD_CARD, Phone, Stack

CARD_THAT_REFUSES_REFUNDS = "4000 0000 0000 0341"
HIDDEN_FIELD = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
CODE_IN_MAIL = re.compile(r"sign-in code: (\S+)")
CODE_ON_PAGE = re.compile(r"LPA:1\$[^<\s]+")


def words_of(page: str) -> str:
    """What stands on a page for a person: no tags, single spaces."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@dataclass
class Traveller:
    """Somebody with an address, a place of residence and a card."""

    stack: Stack
    residence: str = "DE"
    language: str = "en"
    card: str = GOOD_CARD
    email: str = field(default_factory=lambda: f"traveller-{uuid4().hex[:12]}@example.com")
    phone: Phone = field(init=False)
    browser: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.phone = self.stack.phone()
        self.browser = httpx.Client(
            base_url=self.stack.url,
            follow_redirects=True,
            trust_env=False,
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),  # nothing is left open at the end
        )

    # The browser ------------------------------------------------------------------------------

    def read(self, path: str) -> str:
        """The words of a page that must be there."""
        return words_of(self.browser.get(path).raise_for_status().text)

    def send(self, path: str, **typed: object) -> httpx.Response:
        """Fill in the form of a page and send it, with what the page had put in it."""
        page = self.browser.get(path).raise_for_status().text
        hidden = {name: unescape(value) for name, value in HIDDEN_FIELD.findall(page)}
        return self.browser.post(path, data=hidden | typed).raise_for_status()

    def sign_in(self) -> None:
        """Ask for a code, read it in the mail, type it."""
        known = len(self.codes())
        self.send("/sign-in/login/code/", email=self.email)
        self.stack.settle(lambda: len(self.codes()) > known)
        answer = self.send("/sign-in/login/code/confirm/", code=self.codes()[-1])
        assert answer.url.path == "/account/", words_of(answer.text)

    def codes(self) -> list[str]:
        """Those of the mails, oldest first."""
        found = [CODE_IN_MAIL.search(mail["text"]) for mail in self.mails()]
        return [code[1] for code in found if code]

    def mails(self) -> list[dict[str, Any]]:
        return self.stack.mails(self.email)

    def subjects(self) -> list[str]:
        """What the mails were about, oldest first."""
        return [mail["subject"] for mail in self.mails()]

    def mail_about(self, words: str) -> dict[str, Any]:
        """The one mail whose subject says that."""
        (mail,) = [mail for mail in self.mails() if words in mail["subject"]]
        return mail

    def attached_document(self, mail: dict[str, Any]) -> Any:
        """The signed statement that came with a mail."""
        (url,) = [one["url"] for one in mail["attachments"] if one["name"].endswith(".json")]
        return self.stack["mail"].ask("GET", url)

    # Buying -----------------------------------------------------------------------------------

    def order(self, plan_code: str) -> Order:
        """Fill in the checkout; the order waits for its payment."""
        boxes = dict.fromkeys(("terms", "express_request", "loss_acknowledged"), "on")
        person = {"email": self.email, "residence": self.residence, "language": self.language}
        person |= {"quantity": "1", "provider": "sandbox"}
        answer = self.send(f"/checkout/{plan_code}/", **person, **boxes)
        order = Order.objects.get(number=answer.url.path.split("/")[2])
        self.stack.settle(lambda: self.pay_url(order))
        return order

    def pay_url(self, order: Order) -> str:
        """Where the order's page sends them to pay; empty while the provider is still asked."""
        page = self.browser.get(f"/orders/{order.number}/").raise_for_status().text
        found = re.search(rf'href="({re.escape(self.stack["payments"].url)}/pay/[^"]+)"', page)
        return found.group(1) if found else ""

    def place_order(self, plan_code: str, quantity: int = 1) -> Order:
        """Order without the pages: several eSIMs at once, or at another time than today's."""
        order = given.an_order(
            plan_code,
            email=self.email,
            residence=self.residence,
            language=self.language,
            quantity=quantity,
            now=now(),
        )
        self.stack.settle(lambda: Order.objects.get(pk=order.pk).payment.pay_url)
        return order

    def pay_page(self, order: Order) -> None:
        """Choose a test card on the provider's page."""
        order.payment.refresh_from_db()
        self.stack.pay(order.payment.pay_url, card=self.card)

    def pay(self, order: Order) -> None:
        """Pay, and wait until we have heard of it."""
        self.pay_page(order)
        self.stack.settle(lambda: Order.objects.get(pk=order.pk).paid_at)

    def await_delivery(self, order: Order) -> OrderLine:
        """Wait until every eSIM can be downloaded; the first line."""
        self.stack.settle(lambda: stage_of(order) == "fulfilled")
        return order.lines.select_related("order").get(position=1)

    def buy(self, plan_code: str = "japan-10gb-30d") -> OrderLine:
        """Order on the pages, pay, and wait for the eSIM."""
        order = self.order(plan_code)
        self.pay(order)
        return self.await_delivery(order)

    def buy_several(self, plan_code: str, quantity: int) -> list[OrderLine]:
        """Buy several eSIMs in one order."""
        order = self.place_order(plan_code, quantity)
        self.pay(order)
        self.await_delivery(order)
        return list(order.lines.select_related("order").order_by("position"))

    # Using ------------------------------------------------------------------------------------

    def code_of(self, line: OrderLine) -> str:
        """The activation code as the line's page shows it."""
        found = CODE_ON_PAGE.search(self.read(f"/account/lines/{line.pk}/"))
        assert found, "no code is shown"
        return found.group()

    def install(self, line: OrderLine) -> str:
        """Put the eSIM on the phone; its ICCID."""
        return self.phone.install(self.code_of(line))

    # Money back -------------------------------------------------------------------------------

    def ask_money_back(self, line: OrderLine, words: str = "") -> RefundRequest:
        """Review the answer and take it; the browser lands on the request's page."""
        review = self.send(f"/account/lines/{line.pk}/refund/", words=words)
        answer = self.send(review.url.path)
        return RefundRequest.objects.get(pk=int(answer.url.path.split("/")[3]))

    # Leaving ----------------------------------------------------------------------------------

    def leave(self) -> str:
        """Tick the one box and close the account; the address of the page that follows it."""
        return self.send("/account/leave/", timing="at_once", understood="on").url.path


def stage_of(row: Any) -> str:
    """The stage of an order or a request as it is stored now."""
    return str(type(row).objects.values_list("stage", flat=True).get(pk=row.pk))


def reasons_of(decision: Decision) -> list[str]:
    """The codes of the chain that led to an amount, in its order."""
    return [reason["code"] for reason in decision.result["reasons"]]


def a_colleague(*, joined_at: datetime) -> int:
    """The user id of somebody who works at the desk."""
    member = customers.hire(
        email=f"desk-{uuid4().hex[:8]}@example.com", role="agent", now=joined_at
    )
    assert member.user_id is not None
    return member.user_id
