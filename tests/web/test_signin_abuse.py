"""What the sign-in tells a stranger: nothing; and how often it may be asked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob as Jobs

from fairroam.apps.customers.models import User
from fairroam.apps.notices.tasks import confidential
from tests.given import NOON, a_customer
from tests.web.factors_given import mails, sign_in, with_generator

pytestmark = pytest.mark.usefixtures("catalogue")
CODE, CONFIRM = "/sign-in/login/code/", "/sign-in/login/code/confirm/"


def seen_by_a_stranger(email: str) -> list[tuple[int, str, str]]:
    """Every answer on the way in with that address, without the address and the form's seal."""
    stranger = Client()
    answers = [
        stranger.post(CODE, {"email": email}),
        stranger.get(CONFIRM),
        stranger.post(CONFIRM, {"code": "WRONG1"}),
        stranger.post(CONFIRM, {"code": "WRONG2"}),
        stranger.get("/account/"),
    ]
    sealed = r'name="csrfmiddlewaretoken" value="[^"]*"'
    return [
        (
            answer.status_code,
            answer.get("Location", ""),
            re.sub(sealed, "", answer.content.decode()).replace(email, "ADDRESS"),
        )
        for answer in answers
    ]


def test_the_sign_in_answers_the_same_bytes_whoever_exists():
    a_customer("ada@example.com")
    with_generator(a_customer("tom@example.com").user)

    known, unknown, with_factor = (
        seen_by_a_stranger(f"{name}@example.com") for name in ("ada", "eve", "tom")
    )

    assert known == unknown == with_factor
    assert [message.to for message in mails()] == [["ada@example.com"], ["tom@example.com"]]
    assert set(User.objects.values_list("email", flat=True)) == {
        "ada@example.com",
        "tom@example.com",
    }


def reads_and_writes(email: str) -> list[tuple[int, list[str]]]:
    """What each step of the way in asks of the database, without what is asked for."""
    stranger = Client()
    counted = []
    for path, typed in ((CODE, {"email": email}), (CONFIRM, None), (CONFIRM, {"code": "WRONG1"})):
        with CaptureQueriesContext(connection) as asked:
            answer = stranger.get(path) if typed is None else stranger.post(path, typed)
        verbs = [re.sub(r"'[^']*'|\d+", "", query["sql"])[:60] for query in asked]
        counted.append((answer.status_code, verbs))
    return counted


def test_the_sign_in_does_the_same_work_whoever_exists_and_the_worker_mails():
    """A stranger who takes the time learns nothing by it either."""
    a_customer("ada@example.com")
    sign_in("ada@example.com")  # her address is proven now
    _first, again = (
        [reads_and_writes(f"{name}@example.com") for name in ("ada", "eve")] for _ in range(2)
    )
    known, unknown = again  # the first times are counted anew, and what is kept is read then

    assert known == unknown
    assert len(mail.outbox) == 1
    waiting = Jobs.objects.filter(task_name=confidential.JOB).values_list("args", flat=True)
    assert len(waiting) == 4
    assert not any("example.com" in str(arguments) for arguments in waiting)
    sent = mails()[1:]
    assert [message.to for message in sent] == [["ada@example.com"]] * 2
    assert all("@fairroam.example>" in message.extra_headers["Message-ID"] for message in sent)


def test_a_code_that_no_mail_server_takes_in_time_is_sent_to_nobody(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # nobody listens there
    code = confidential.Confidential(
        kind="customers.sign_in_code",
        address="ada@example.com",
        language="en",
        context={"code": "ABCD-EFGH"},
        worth_until=NOON.isoformat(),
    )

    with pytest.raises(OSError, match="refused"):
        confidential.send(code, now=NOON - timedelta(seconds=1))
    confidential.send(code, now=NOON)


def test_an_address_is_mailed_three_times_a_minute_at_most_however_it_is_written():
    a_customer("ada@example.com")
    written = ["ada@example.com", "ADA@example.com", " Ada@Example.com ", "aDa@example.COM"]

    statuses = [Client().post(CODE, {"email": email}).status_code for email in written]
    over = Client(headers={"x-forwarded-for": "198.51.100.7"}).post(CODE, {"email": written[0]})

    assert statuses == [302, 302, 302, 429]
    assert over.status_code == 429
    assert "very often" in over.content.decode()
    assert len(mails()) == 3


def test_a_network_asks_twenty_times_a_minute_at_most_whatever_it_says_of_itself():
    statuses = [
        Client(
            REMOTE_ADDR=f"2001:db8:0:1::{number:x}",
            headers={"x-forwarded-for": f"198.51.100.{number}"},
        )
        .post(CODE, {"email": f"nobody+{number}@example.com"})
        .status_code
        for number in range(22)
    ]
    neighbour = Client(REMOTE_ADDR="2001:db8:0:2::1").post(CODE, {"email": "x@example.com"})

    assert statuses == [302] * 20 + [429] * 2
    assert neighbour.status_code == 302
    assert mails() == []


def test_codes_are_guessed_three_times_at_most():
    a_customer("ada@example.com")
    guesser = Client()
    guesser.post(CODE, {"email": "ada@example.com"})
    for number in range(3):
        guesser.post(CONFIRM, {"code": f"WRONG{number}"})

    assert guesser.get(CONFIRM).status_code == 302
    assert guesser.get("/account/").status_code == 302


def test_digits_at_the_sign_in_are_not_guessed_by_trying():
    tom = a_customer("tom@example.com")
    with_generator(tom.user)
    guesser = sign_in("tom@example.com")
    answers = [
        guesser.post("/sign-in/login/second-factor/", {"code": f"{number:06}"})
        for number in range(7)
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert "very often" in answers[-1].content.decode()
    assert guesser.get("/account/").status_code == 302


def test_an_unknown_passkey_is_told_without_saying_whose_it_could_be():
    answer = Client().post("/sign-in/login/passkey/", {"credential": '{"id": "AAAA"}'})

    assert answer.status_code == 403
    assert "We do not know this passkey" in answer.content.decode()
    assert Client().post("/sign-in/login/passkey/", {"credential": "no json"}).status_code == 403
