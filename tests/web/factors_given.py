"""Sign-ins as people make them, and factors without a device."""

from __future__ import annotations

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
from django.test import Client

from fairroam.apps.customers.models import User
from tests.given import SECRET


def newest_code() -> str:
    """The code in the newest mail."""
    found = re.search(r"^[^:\n]*: ?(\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found is not None, mail.outbox[-1].body
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
