"""From a paid order line to a profile that a phone can download: each step is stored.

Somebody may take the line off at any moment: then no step is recorded any more.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import uuid4

from django.db import IntegrityError, transaction

from fairroam.apps.esims.models import Line, Profile
from fairroam.apps.esims.operations.acts import conclude, live_act
from fairroam.apps.esims.operations.moves import (
    follow_facts,
    lock_line,
    lock_profile,
    move_line,
    move_profile,
)
from fairroam.apps.esims.operations.observe import add_fact
from fairroam.apps.journal.operations import tell

# No letters or digits that people mistake for each other. 32 ** 20 codes: nobody guesses one.
CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
BEING_PROVIDED = ("pending", "reissuing")
CODE_GROUPS, CODE_GROUP_LENGTH = 4, 5


@transaction.atomic
def plan_line(
    *,
    order_line_id: int,
    customer_id: int,
    profile_type: str,
    now: datetime,
    is_reusable: bool = False,
) -> Line:
    """Begin to provide what a paid order line bought; a repeat finds the same line.

    profile_type: what the carrier calls it. is_reusable: deleted from a phone, the carrier gives
    the same profile out again. A line that was taken off before stays off.
    """
    line, is_new = Line.objects.get_or_create(
        order_line_id=order_line_id, defaults={"customer_id": customer_id, "made_at": now}
    )
    if is_new:
        profile = Profile.objects.create(
            line=line,
            customer_id=customer_id,
            profile_type=profile_type,
            is_reusable=is_reusable,
            planned_at=now,
        )
        tell(
            "profile.planned",
            actor="system",
            now=now,
            customer_id=customer_id,
            order_line_id=order_line_id,
            profile_id=profile.pk,
        )
    return line


def reserve(*, profile_id: int, iccid: str, taken: str | None = None) -> bool:
    """Choose `iccid` for a planned profile, or for a reserved one whose `taken` was refused.

    Stores the matching id, too, so that every repeat of the calls says the same. Returns False
    when another live profile of ours has this ICCID: choose another one.
    """
    try:
        with transaction.atomic():
            profile = _lock_pending(profile_id, "planned" if taken is None else "reserved")
            if profile is None or profile.iccid != taken:
                return True  # Another worker chose.
            Profile.objects.filter(pk=profile_id).update(iccid=iccid, matching_id=_new_code())
            if taken is None:
                move_profile(profile, "reserve")
    except IntegrityError:
        if Profile.objects.filter(iccid=iccid, is_live=True).exists():
            return False
        raise
    return True


@transaction.atomic
def record_order(*, profile_id: int) -> None:
    """The carrier has set the chosen profile aside for us."""
    profile = _lock_pending(profile_id, "reserved")
    if profile is not None:
        move_profile(profile, "order")


@transaction.atomic
def renew_code(*, profile_id: int, refused: str) -> None:
    """Choose another matching id: the carrier has bound nothing to the `refused` one for us."""
    profile = _lock_pending(profile_id, "allocated")
    if profile is not None and profile.matching_id == refused:
        Profile.objects.filter(pk=profile_id).update(matching_id=_new_code())


@transaction.atomic
def deliver(
    *, profile_id: int, iccid: str, matching_id: str, smdp_address: str, now: datetime
) -> bool:
    """A supplier handed over a whole eSIM for a planned profile: the line is ready.

    Returns False when nobody waits for it any more: its code is then shown to nobody.
    """
    profile = _lock_pending(profile_id, "planned")
    if profile is None:
        return False
    move_profile(profile, "reserve", iccid=iccid)
    move_profile(profile, "order")
    record_release(
        profile_id=profile_id,
        matching_id=matching_id,
        smdp_address=smdp_address,
        now=now,
        source="supplier",
    )
    return True


@transaction.atomic
def record_release(
    *, profile_id: int, matching_id: str, smdp_address: str, now: datetime, source: str = "es2plus"
) -> None:
    """A phone may download the profile from now on: the line is ready, its code is known.

    Tells `line.ready` for the first profile of a line, else that the act is done which wanted it.
    """
    profile = _lock_pending(profile_id, "allocated")
    if profile is None:
        return
    move_profile(profile, "release", matching_id=matching_id, smdp_address=smdp_address)
    move_line(profile.line, "activate")
    add_fact(profile, kind="ready", happened_at=now, source=source, now=now)
    follow_facts(profile)  # Notices may have overtaken the answer.
    if act := live_act(profile.line):
        conclude(act, "succeed", now=now)
        return
    tell(
        "line.ready",
        actor="carrier",
        now=now,
        customer_id=profile.customer_id,
        order_line_id=profile.line_id,
        line_id=profile.line_id,
    )


@transaction.atomic
def give_up(*, profile_id: int, reason: str, now: datetime) -> None:
    """The carrier has nothing for us, for good: the line ends unused, `orders` pays it back.

    A line that had a profile before keeps its plan: it is inactive, and its owner is told.
    """
    profile = _lock_pending(profile_id)
    if profile is None:
        return
    move_profile(profile, "fail")
    if act := live_act(profile.line):
        move_line(profile.line, "refuse")
        conclude(act, "refuse", reason=reason, now=now)
        return
    move_line(profile.line, "terminate", ending_at=now, end_key=uuid4())
    move_line(profile.line, "end", ended_at=now)
    tell(
        "profile.failed",
        actor="carrier",
        now=now,
        customer_id=profile.customer_id,
        order_line_id=profile.line_id,
        profile_id=profile_id,
        reason=reason,
    )


def _lock_pending(profile_id: int, stage: str | None = None) -> Profile | None:
    """Lock a profile that is still being provided (at `stage`); None when that is over."""
    line_id = Profile.objects.values_list("line_id", flat=True).get(pk=profile_id)
    line = lock_line(line_id)
    profile = lock_profile(profile_id)
    profile.line = line
    if line.stage not in BEING_PROVIDED or stage not in (None, profile.stage):
        return None
    return profile


def _new_code() -> str:
    groups = [
        "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_GROUP_LENGTH))
        for _ in range(CODE_GROUPS)
    ]
    return "-".join(groups)
