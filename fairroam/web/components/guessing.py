"""What a network may try: wrong codes, and mails that nobody who signed in asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.core import ratelimit
from allauth.core.internal.ratelimit import get_ip
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest

from fairroam.apps.journal.refusals import Refusal, TooManyFromNetwork, TooManyWrongCodes

WRONG_MAX = 10
WAIT_SECONDS = 3600  # after the last wrong code that was counted


@contextmanager
def guarded(request: HttpRequest, typed: str, wrong: type[Refusal]) -> Iterator[None]:
    """Count the refusals `wrong` of this network address; the eleventh try is not made at all.

    In IPv6 the /64 counts: every house has one, with more addresses in it than anybody can try.
    A try counts from its beginning until it turns out right, so that twenty at once are no more
    than ten. typed: the code; what is blank guesses at nothing, and changes no count.

    Raises TooManyWrongCodes.
    """
    if not typed.strip():
        yield
        return
    key = f"wrong-codes:{wrong.code}:{get_ip(request)}"
    if not count(key, 1):
        raise TooManyWrongCodes
    is_wrong = False
    try:
        yield
    except wrong:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            count(key, -1)


@transaction.atomic
def count(key: str, by: int) -> bool:
    """Count a try before it is made, or take it back (-1); False where the bound is reached.

    One at a time per key: tries that are made together would else all read the same number.
    """
    stand_in_line(key)
    tried = cache.get(key, 0) + by
    if tried > WRONG_MAX:
        return False
    cache.set(key, max(tried, 0), WAIT_SECONDS)
    return True


def stand_in_line(key: str) -> None:
    """Wait for whoever counts the same key, and keep it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [key])


def count_public_mail(request: HttpRequest) -> None:
    """Count a form that writes to a mailbox which somebody typed, against its network address.

    Each address that is written to has a bound of its own; this one keeps a single sender from
    writing to thousands of them. The settings name it: `public_mail`. In IPv6 the /64 counts.

    Raises TooManyFromNetwork.
    """
    if not ratelimit.consume(request, action="public_mail"):
        raise TooManyFromNetwork
