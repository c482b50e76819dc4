"""Sign-ins as people make them, and factors without a device."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client

from fairroam.apps.customers.models import User
from fairroam.worker import people
from tests.given import SECRET


def mails() -> list[EmailMessage]:
    """Every mail so far, once the worker has sent those with a secret in them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, args FROM procrastinate_jobs WHERE task_name = %s ORDER BY id",
            [people.mail_confidentially.name],
        )
        for job_id, arguments in cursor.fetchall():
            people.mail_confidentially(**json.loads(arguments))
            cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [job_id])
    return mail.outbox


def newest_code() -> str:
    """The code in the newest mail."""
    newest = str(mails()[-1].body)
    found = re.search(r"^[^:\n]*: ?(\S+)$", newest, re.MULTILINE)
    assert found is not None, newest
    return found[1]


def sign_in(email: str, *, client: Client | None = None) -> Client:
    """A browser that brought the code out of the mail."""
    client = client or Client()
    client.post("/sign-in/login/code/", {"email": email})
    client.post("/sign-in/login/code/confirm/", {"code": newest_code()})
    return client


def with_generator(user: User) -> User:
    """The same user, with an authenticator app that knows SECRET, and recovery codes."""
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def digits() -> str:
    """What the authenticator app shows now."""
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(SECRET, counter)))


def note(client: Client, user: User, *, age_seconds: float = 0, **record: Any) -> None:
    """Let a browser have proven something so long ago, as the sign-in library notes it."""
    session = client.session
    session["account_authentication_methods_user"] = str(user.pk)
    session["account_authentication_methods"] = [{"at": time.time() - age_seconds, **record}]
    session.save()
