"""The last mail: claimed before it is sent, recorded after; then the address goes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.closures.models import Closure, ClosureStep
from fairroam.apps.closures.operations.moves import lock, tell

# A worker that was killed while it sent the mail is followed by another after this time.
CLAIM_LASTS = timedelta(minutes=5)


@transaction.atomic
def claim_last_mail(*, closure_id: int, now: datetime) -> Closure | None:
    """Say that we send the last mail now; None when it is sent, or somebody is at it."""
    closure = lock(closure_id)
    if closure.sealed_address is None:
        return None
    step, is_first = ClosureStep.objects.get_or_create(
        closure=closure, name="last_mail", defaults={"started_at": now}
    )
    if not is_first and now < step.started_at + CLAIM_LASTS:
        return None
    ClosureStep.objects.filter(pk=step.pk).update(started_at=now)
    return closure


@transaction.atomic
def let_go_of_last_mail(*, closure_id: int) -> None:
    """The mail server did not take it now: the next try need not wait."""
    lock(closure_id)
    ClosureStep.objects.filter(closure_id=closure_id, name="last_mail", done_at=None).delete()


@transaction.atomic
def record_last_mail(*, closure_id: int, is_taken: bool, now: datetime) -> None:
    """The mail server took the last mail, or refuses it for good: drop address and salts."""
    closure = lock(closure_id)
    claimed = ClosureStep.objects.filter(closure=closure, name="last_mail", done_at=None)
    if claimed.update(done_at=now, proof={"is_taken": is_taken}) != 1:
        return  # Recorded by an earlier run.
    Closure.objects.filter(pk=closure_id).update(sealed_address=None, salts=None, sealed_phone="")
    tell(closure, "closure.step_done", now=now, step="last_mail")
