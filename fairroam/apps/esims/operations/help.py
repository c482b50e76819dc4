"""Notice who may need help: installed, but no network has ever seen it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from fairroam.apps.esims import queries
from fairroam.apps.esims.models import Profile
from fairroam.apps.journal.operations import tell


def notice_never_attached(*, now: datetime) -> int:
    """Tell `line.never_attached` once per profile, a day after it was installed; how many.

    Run it now and then.
    """
    return sum(_notice(profile_id, now) for profile_id in queries.profiles_never_attached(now))


@transaction.atomic
def _notice(profile_id: int, now: datetime) -> bool:
    unhelped = Profile.objects.filter(pk=profile_id, helped_at__isnull=True)
    if not unhelped.update(helped_at=now):
        return False  # Another worker was faster.
    profile = Profile.objects.get(pk=profile_id)
    tell(
        "line.never_attached",
        actor="system",
        now=now,
        customer_id=profile.customer_id,
        order_line_id=profile.line_id,
        profile_id=profile_id,
    )
    return True
