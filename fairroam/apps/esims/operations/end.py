"""Take a line off, proven: by the carrier while no phone has the profile, else by the network."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, OuterRef

from fairroam.apps.esims import queries
from fairroam.apps.esims.models import Line, LineAct, Profile
from fairroam.apps.esims.operations.acts import conclude, live_act
from fairroam.apps.esims.operations.moves import (
    lock_latest_profile,
    lock_line,
    move_line,
    move_profile,
)
from fairroam.apps.esims.operations.numbers_end import let_go
from fairroam.apps.journal.operations import tell
from fairroam.apps.orders import queries as orders

# The latest profile in one of these serves nobody; the ones before it were proven off for it.
NEVER_USED = ("planned", "cancelled", "failed")
STUCK_AFTER = timedelta(minutes=30)  # Without an answer for so long, a person looks at it.


@transaction.atomic(savepoint=False)  # Whoever asks for it as a part of theirs fails with it.
def take_off(*, order_line_id: int, now: datetime) -> datetime | None:
    """Begin to end a line; `line.off` follows once that is proven, also when it was off before.

    Returns since when it is off, if it is. Tells `line.taken_off` when carrier or network must be
    asked. Safe to repeat: what is under way goes on, what got stuck is tried again. A line that
    nobody has begun to provide is off at once, and stays so. Raises NotAmongYours for an unknown
    order line.
    """
    line = _lock_or_close(order_line_id, now)
    if line.stage == "terminating":
        if line.stuck_at is not None:
            Line.objects.filter(pk=line.pk).update(stuck_at=None, ending_at=now)
            _tell("line.taken_off", line, now)
        return None
    if line.stage == "terminated":
        _tell_off(line, now)
        return line.ended_at
    profile, has_live_act = _lock_carrier(line)
    if has_live_act and (act := live_act(line)):
        conclude(act, "overtake", now=now)
    move_line(line, "terminate", end_key=uuid4(), ending_at=now)
    if profile.stage in NEVER_USED:
        # Nothing was asked of the carrier, and from now on nothing will be; or it is off already.
        _end(line, profile, now, move="cancel" if profile.stage == "planned" else "")
        return now
    _tell("line.taken_off", line, now)
    return None


@transaction.atomic
def record_cancelled(*, order_line_id: int, now: datetime) -> bool:
    """The carrier has taken the profile back. Returns False when a phone has it all the same."""
    line = lock_line(order_line_id)
    profile = lock_latest_profile(line)
    if line.stage != "terminating":
        return True
    if queries.is_in_phone(profile.pk):
        return False
    _end(line, profile, now, move="cancel")
    return True


@transaction.atomic
def record_ended(*, order_line_id: int, now: datetime) -> None:
    """The network serves the line no more."""
    line = lock_line(order_line_id)
    if line.stage == "terminating":
        _end(line, lock_latest_profile(line), now)


@transaction.atomic
def note_silence(*, order_line_id: int, now: datetime) -> None:
    """Nobody answers: tell `line.stuck` once, after STUCK_AFTER; we go on asking."""
    line = lock_line(order_line_id)
    if line.stage == "terminating" and line.ending_at and now >= line.ending_at + STUCK_AFTER:
        _tell_stuck(line, now, reason="unreachable")


@transaction.atomic
def record_refused_end(*, order_line_id: int, reason: str, now: datetime) -> None:
    """Carrier or network refuses to end the line: a person must find out why."""
    line = lock_line(order_line_id)
    if line.stage == "terminating":
        _tell_stuck(line, now, reason=reason)


def _lock_or_close(order_line_id: int, now: datetime) -> Line:
    """Lock the line; one that does not exist yet is made as terminated, so that none begins."""
    line = Line.objects.select_for_update(no_key=True).filter(pk=order_line_id).first()
    if line is not None:
        return line
    never_begun = Line(
        order_line_id=order_line_id,
        customer_id=orders.terms_of(order_line_id).customer_id,
        stage="terminated",
        is_live=None,
        made_at=now,
        ending_at=now,
        ended_at=now,
    )
    Line.objects.bulk_create([never_begun], ignore_conflicts=True)
    return lock_line(order_line_id)


def _lock_carrier(line: Line) -> tuple[Profile, bool]:
    """Lock the latest profile of a locked line; and whether an act of the line is under way.

    Acts begin and end under the lock of their line: this one statement sees them as they stand.
    """
    acts = LineAct.objects.filter(line=OuterRef("line"), is_live=True)
    profiles = Profile.objects.select_for_update(no_key=True).annotate(has_act=Exists(acts))
    profile = profiles.filter(line=line).latest("planned_at", "pk")
    return profile, profile.has_act


def _end(line: Line, profile: Profile, now: datetime, move: str = "") -> None:
    if move:
        move_profile(profile, move)
    Profile.objects.filter(line=line).update(is_live=None)
    move_line(line, "end", ended_at=now)
    let_go(line.pk, reason="line_ended", now=now)
    _tell_off(line, now)


def _tell_off(line: Line, now: datetime) -> None:
    was_downloaded = queries.was_on_a_phone(line.pk)
    _tell("line.off", line, now, was_downloaded=was_downloaded)


def _tell_stuck(line: Line, now: datetime, *, reason: str) -> None:
    if line.stuck_at is None:
        Line.objects.filter(pk=line.pk).update(stuck_at=now)
        _tell("line.stuck", line, now, reason=reason)


def _tell(kind: str, line: Line, now: datetime, **facts: object) -> None:
    tell(
        kind,
        actor="system",
        now=now,
        customer_id=line.customer_id,
        order_line_id=line.pk,
        line_id=line.pk,
        **facts,
    )
