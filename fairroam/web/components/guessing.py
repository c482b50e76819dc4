"""What a network may try: wrong codes, and mails that nobody who signed in asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import get_ip
from django.core.cache import cache
from django.http import HttpRequest

from fairroam.apps.journal.refusals import Refusal, TooManyFromNetwork, TooManyWrongCodes

WRONG_MAX = 10
WAIT_SECONDS = 3600  # after the last wrong code that was counted


@contextmanager
def guarded(request: HttpRequest, typed: str, wrong: type[Refusal]) -> Iterator[None]:
    """Count the refusals `wrong` of this network address; the eleventh try is not made at all.

    In IPv6 the /64 counts: every house has one, with more addresses in it than anybody can try.
    typed: the code; what is blank guesses at nothing.

    Raises TooManyWrongCodes.
    """
    key = f"wrong-codes:{wrong.code}:{get_ip(request)}"
    tried = cache.get(key, 0) if typed.strip() else 0
    if tried >= WRONG_MAX:
        raise TooManyWrongCodes
    try:
        yield
    except wrong:
        cache.set(key, tried + 1, WAIT_SECONDS)
        raise


def count_public_mail(request: HttpRequest) -> None:
    """Count a form that writes to a mailbox which somebody typed, against its network address.

    Each address that is written to has a bound of its own; this one keeps a single sender from
    writing to thousands of them. The settings name it: `public_mail`. In IPv6 the /64 counts.

    Raises TooManyFromNetwork.
    """
    if not ratelimit.consume(request, action="public_mail"):
        raise TooManyFromNetwork
