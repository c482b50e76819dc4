"""That an address had an account, as a keyed hash with an end: to tell who comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

from fairroam.apps.closures.models import ClosedMark
from fairroam.apps.closures.queries import digest_of

# For as long as a bank may still ask us about a payment and its owner may come back to ask.
KEPT = timedelta(days=400)


def remember(address: str, *, closed_at: datetime) -> None:
    """Keep the hash of an address whose account closed; the newest closing counts."""
    ClosedMark.objects.update_or_create(
        digest=digest_of(address),
        defaults={"closed_at": closed_at, "keep_until": closed_at + KEPT},
    )


def forget_marks(*, now: datetime) -> int:
    """Delete the hashes whose time is over; how many."""
    deleted, _per_table = ClosedMark.objects.filter(keep_until__lte=now).delete()
    return deleted
