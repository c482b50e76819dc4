"""Abuse of addresses, searches, links and exports: each with its status, nothing changed."""

from __future__ import annotations

import ast
import re
import socket
from uuid import uuid4

import pytest
from django.test import Client

from fairroam.apps.notices.models import Notice
from fairroam.apps.refunds import tasks
from fairroam.apps.refunds.models import Declaration
from fairroam.clock import now
from tests import given
from tests.apps.lines_given import a_ready_line
from tests.conftest import ROOT
from tests.web.abuse_given import browser_of, nothing_changed
from tests.web.factors_given import mails
from tests.web.test_declarations import typed, withdraw

pytestmark = pytest.mark.usefixtures("catalogue")
SEALED = re.compile(rb'name="(csrfmiddlewaretoken|key)"[^>]*value="[^"]*"')


def seen(path: str, email: str, **more: object) -> tuple[int, str, bytes]:
    """What a stranger gets who types that address into a public form."""
    answer = Client().post(path, {"email": email, **more})
    page = SEALED.sub(b"", answer.content).replace(email.encode(), b"ADDRESS")
    return answer.status_code, answer.get("Location", ""), page


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/sign-in/login/code/", {}),
        ("/code-again/", {"number": "FR-0000-0000"}),
        ("/withdraw/", typed() | {"step": ""}),
        ("/terminate/", typed() | {"step": "", "grounds": "for_cause", "reason": "x"}),
        ("/contact/", {"subject": "Hi", "words": "Hello there"}),
    ],
)
def test_abuse_13_no_public_form_tells_who_is_a_customer(path, more):
    """There is no registration and no password to reset. Times are not compared on a shared
    machine: every form does the same work, and mails are written by the worker."""
    given.a_paid_line()
    more = {name: value for name, value in more.items() if name not in ("email", "key")}

    answers = [
        seen(path, email, key=uuid4(), **more) for email in ("ada@example.com", "eve@example.com")
    ]

    assert answers[0] == answers[1]
    assert answers[0][0] in (200, 302)


def test_abuse_15_no_mailbox_is_filled_however_the_address_is_written():
    """By declarations; for codes see `test_signin_abuse`. A proxy's header is not believed."""
    line = given.a_paid_line()
    for _ in range(10):
        withdraw(Client(), typed(line))

    with nothing_changed(but="shared_cache"):  # where a network's tries are counted
        for number, email in enumerate(("ada@example.com", "ADA@Example.com", " Ada@example.COM ")):
            browser = Client(headers={"x-forwarded-for": f"198.51.100.{number}"})
            answer = browser.post("/withdraw/", typed(line, email=email) | {"step": "confirm"})
            assert answer.status_code == 429, email
            assert answer.context["refusal"]["code"] == "too-many-declarations"


ODD = (
    "?order_by=password&sort=-password",
    "?account__user__password__startswith=a",
    "?_connector=OR 1=1&_negated=1",
    "?customer_id=1&staff_user_id=1",
)


@pytest.mark.parametrize("odd", ODD)
def test_abuse_49_words_of_the_database_in_an_address_are_not_read(odd):
    """Pages read the parameters they know by name. So the plan's 400 has nothing to refuse."""
    line = a_ready_line()
    owner, agent = browser_of(line.order.customer.user), browser_of(given.a_colleague("operator"))
    owner.get("/account/")
    with nothing_changed():
        for browser, path in (
            (owner, "/account/orders/"),
            (owner, "/account/inbox/"),
            (agent, "/desk/lines/"),
            (agent, "/desk/reports/"),
            (agent, "/desk/team/"),
            (Client(), "/plans/"),
        ):
            plain, answer = browser.get(path), browser.get(path + odd)
            assert answer.status_code == plain.status_code == 200, path
            assert b"pbkdf2" not in answer.content
            assert b"argon2" not in answer.content


def test_abuse_49_no_query_is_built_from_what_a_browser_sends():
    """CVE-2025-64459: `filter(**request.GET)` lets a stranger write the query."""
    found = []
    for path in (ROOT / "fairroam").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            starred = [word.value for word in node.keywords if word.arg is None]
            starred += [one.value for one in node.args if isinstance(one, ast.Starred)]
            said = " ".join(ast.unparse(one) for one in starred)
            is_query = "objects" in ast.unparse(node.func)
            if "request." in said or (is_query and "cleaned_data" in said):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_abuse_51_another_host_than_ours():
    """A page is not given under it, and no link that we mail is made of it."""
    line = given.a_paid_line()
    with nothing_changed():
        for host in ("evil.example", "127.0.0.1.evil.example", "testserver@evil.example"):
            for path in ("/", "/account/", "/withdraw/"):
                assert Client(headers={"host": host}).get(path).status_code == 400, host
    misled = Client(headers={"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"})
    declaration = withdraw(misled, typed(line))
    tasks.acknowledge_declaration(declaration_id=declaration.pk, now=now())
    misled.post("/sign-in/login/code/", {"email": "ada@example.com"})

    texts = [Notice.objects.get(act=f"refunds.declared:{declaration.pk}").text]
    texts += [str(message.body) for message in mails()]
    assert len(texts) > 1
    assert not any("evil.example" in text for text in texts)
    assert Declaration.objects.count() == 1


URLS = (
    "http://127.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://0x7f.1:{port}/",
    "http://2130706433:{port}/",
    "http://localhost:{port}/",
)


def test_abuse_53_an_address_that_somebody_types_is_never_opened():
    """The program calls only what its settings name, and follows no redirect (`tests/crashes`).

    People may type addresses: an incident's source, a fake that they saw, words to us. They are
    kept as text, so the plan's 422 has no place where it would be right.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    port = listener.getsockname()[1]
    operator = browser_of(given.a_colleague("operator"))
    customer = browser_of(given.a_customer().user)
    for url in (pattern.format(port=port) for pattern in URLS):
        said = {"subject": url, "words": f"See {url}", "key": uuid4(), "kind": "network_failure"}
        assert customer.post("/account/messages/", said).status_code == 302
        Client().post("/channels/report/", {"kind": "site", "seen": url, "words": url})
        operator.post("/desk/incidents/", {"source": url, "countries": "JP"})

    with listener, pytest.raises(TimeoutError):
        listener.accept()


def test_abuse_59_every_table_that_leaves_goes_through_the_one_that_quotes():
    """What it does to each cell is tried in `test_desk_refunds`."""
    texts = [path.read_text() for path in (ROOT / "fairroam").rglob("*.py")]
    writers = [text for text in texts if "csv.writer(" in text or "DictWriter(" in text]

    assert len(writers) == 3  # a table of the desk, of contacts, of an export
    assert all("safe_cell(" in text for text in writers)
