"""A code that we mail and that comes back in its session: kept as a digest, for a few tries."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare, salted_hmac

from fairroam.apps.customers.models import FRESH_FOR
from fairroam.clock import now
from fairroam.web.account.signin import MailedCodeAdapter

TRIES_MAX = 5


def begin(request: HttpRequest, name: str, *, whose: str, **kept: str) -> str:
    """Make a code to be mailed, and keep its digest under `name`; an older one ends with that.

    whose: whom the code is right for alone. kept: what belongs to it, and comes back by `waiting`.
    """
    code = MailedCodeAdapter(request).generate_login_code()
    request.session[name] = {
        **kept,
        "digest": digest_of(name, whose, code),
        "at": now().timestamp(),
        "tries": 0,
    }
    return code


def waiting(request: HttpRequest, name: str) -> dict[str, Any] | None:
    """What is kept of the code that is on its way; None when there is none, or it is too old."""
    kept: dict[str, Any] | None = request.session.get(name)
    if kept is None or now().timestamp() - kept["at"] > FRESH_FOR.total_seconds():
        return None
    return kept


def is_right(request: HttpRequest, name: str, *, whose: str, typed: str) -> bool:
    """Whether the waiting code was typed; after TRIES_MAX wrong ones it ends."""
    kept = waiting(request, name)
    if kept is None:
        return False
    if constant_time_compare(kept["digest"], digest_of(name, whose, typed)):
        return True
    kept["tries"] += 1
    if kept["tries"] >= TRIES_MAX:
        request.session.pop(name)
    request.session.modified = True
    return False


def end(request: HttpRequest, name: str) -> None:
    """Let go of the code: it has had its use, or another one is wanted."""
    request.session.pop(name, None)


def digest_of(name: str, whose: str, code: str) -> str:
    plain = "".join(character for character in code.upper() if character.isalnum())
    return salted_hmac(f"fairroam.{name}", f"{whose}:{plain}", algorithm="sha256").hexdigest()
