"""What carrier and network tell: notices kept as they came, facts once per kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import queries
from fairroam.apps.esims.models import ActivationFact, CarrierNotice, Profile
from fairroam.apps.esims.operations.moves import (
    follow_facts,
    lock_profile,
    lock_profiles,
    move_profiles,
)
from fairroam.apps.esims.queries import ProfileOwner
from fairroam.apps.journal.operations import NewEvent, tell, tell_each
from fairroam.gateways.profiles import NoticeKind, ProgressNotice

CLOCK_BEHIND_MAX = timedelta(days=1)  # A carrier's that is further behind ours was never set.
FACT_OF_NOTICE = {
    NoticeKind.DOWNLOADED: "downloaded",
    NoticeKind.INSTALLED: "installed",
    NoticeKind.ENABLED: "enabled",
    NoticeKind.DELETED: "deleted",
}


@dataclass(frozen=True, slots=True)
class NewFact:
    """One of FACTS about a profile, as it was told."""

    profile_id: int
    kind: str
    happened_at: datetime


@transaction.atomic
def record_notice(*, notice: ProgressNotice, now: datetime) -> bool:
    """Keep a progress notice and what follows from it. Returns False for a copy.

    A sender's clock that is ahead of ours, or missing, is replaced by the moment of arrival: a
    fact from the future would not count.
    """
    happened_at = notice.happened_at or now
    owner = queries.owner_of(notice.iccid, at=happened_at)
    eid = _chip_of(notice, owner)
    _row, is_first = CarrierNotice.objects.get_or_create(
        key_sha256=hashlib.sha256(notice.key.encode()).hexdigest(),
        defaults={
            "iccid": notice.iccid,
            "eid": eid,
            "point": _kept(notice.point, 20),
            "succeeded": notice.succeeded,
            "happened_at": notice.happened_at,
            "received_at": now,
        },
    )
    kind = FACT_OF_NOTICE.get(notice.kind)
    if not is_first or kind is None or not notice.succeeded:
        return is_first
    if owner is not None:
        record_fact(
            profile_id=owner.profile_id,
            kind=kind,
            happened_at=happened_at,
            source="es2plus",
            now=now,
            eid=eid,
        )
    return True


def _chip_of(notice: ProgressNotice, owner: ProfileOwner | None) -> str:
    """The number of the phone's chip, if it may be kept: it names whose phone it is.

    Phones tell of a deletion days later. What was erased when an account closed does not come
    back by that; the owner's row is locked, so that none is erased while this is written.
    """
    eid = _kept(notice.eid or "", 32)
    if not eid or owner is None:
        return eid
    owner_id = Profile.objects.values_list("customer_id", flat=True).get(pk=owner.profile_id)
    return eid if customers.lock(owner_id).is_open else ""


@transaction.atomic
def record_fact(
    *, profile_id: int, kind: str, happened_at: datetime, source: str, now: datetime, eid: str = ""
) -> None:
    """Record one of FACTS about a profile; told again, the earliest instant is kept.

    So the same facts end in the same state, in whatever order they come. A stage that stays,
    stays. Tells `profile.fact` the first time. eid: of the phone's chip, if it was told.
    """
    profile = lock_profile(profile_id)
    if eid and not profile.eid:
        Profile.objects.filter(pk=profile_id).update(eid=eid)
    if not add_fact(profile, kind=kind, happened_at=happened_at, source=source, now=now):
        return
    follow_facts(profile)
    tell(
        "profile.fact",
        actor="carrier",
        now=now,
        customer_id=profile.customer_id,
        order_line_id=profile.line_id,
        fact=kind,
    )


@transaction.atomic
def record_facts(facts: Sequence[NewFact], *, source: str, now: datetime) -> None:
    """Do as `record_fact` for the facts of many profiles; each profile and kind once.

    What is known already costs one look: networks tell of every use.
    """
    if not facts:
        return
    kept = _kept_facts(facts)
    told = [fact for fact in facts if _is_news(fact, kept, now)]
    if not told:
        return
    profiles = lock_profiles({fact.profile_id for fact in told})
    told = [
        replace(fact, happened_at=_plausible(fact.happened_at, profiles[fact.profile_id], now))
        for fact in told
    ]
    kept = _kept_facts(told)  # again, now that nobody else may add any
    new = [fact for fact in told if (fact.profile_id, fact.kind) not in kept]
    ActivationFact.objects.bulk_create(
        ActivationFact(
            profile_id=fact.profile_id,
            kind=fact.kind,
            happened_at=_moment(fact, now),
            source=source,
            recorded_at=now,
        )
        for fact in new
    )
    for fact in told:
        if (fact.profile_id, fact.kind) in kept and _is_news(fact, kept, now):
            earlier = ActivationFact.objects.filter(profile_id=fact.profile_id, kind=fact.kind)
            earlier.update(happened_at=_moment(fact, now), source=source)
    known: dict[int, set[str]] = {profile_id: set() for profile_id in profiles}
    for profile_id, kind in (*kept, *((fact.profile_id, fact.kind) for fact in new)):
        known[profile_id].add(kind)
    move_profiles(profiles.values(), known)
    events = [
        NewEvent(
            profiles[fact.profile_id].customer_id,
            {"order_line_id": profiles[fact.profile_id].line_id, "fact": fact.kind},
        )
        for fact in new
    ]
    tell_each("profile.fact", events, actor="carrier", now=now)


def _kept_facts(facts: Sequence[NewFact]) -> dict[tuple[int, str], datetime]:
    """All that is recorded of these facts' profiles."""
    profile_ids = {fact.profile_id for fact in facts}
    rows = ActivationFact.objects.filter(profile_id__in=profile_ids)
    return {
        (profile_id, kind): happened_at
        for profile_id, kind, happened_at in rows.values_list("profile_id", "kind", "happened_at")
    }


def _is_news(fact: NewFact, kept: Mapping[tuple[int, str], datetime], now: datetime) -> bool:
    known_at = kept.get((fact.profile_id, fact.kind))
    return known_at is None or _moment(fact, now) < known_at


def _moment(fact: NewFact, now: datetime) -> datetime:
    return min(fact.happened_at, now).replace(microsecond=0)  # the grain of every right


def add_fact(
    profile: Profile, *, kind: str, happened_at: datetime, source: str, now: datetime
) -> bool:
    """Add a fact to a locked profile, or make a known one earlier. Returns whether it is new."""
    happened_at = _plausible(happened_at, profile, now)
    moment = min(happened_at, now).replace(microsecond=0)  # the grain of every right
    fact, is_new = ActivationFact.objects.get_or_create(
        profile=profile,
        kind=kind,
        defaults={"happened_at": moment, "source": source, "recorded_at": now},
    )
    if moment < fact.happened_at:
        ActivationFact.objects.filter(pk=fact.pk).update(happened_at=moment, source=source)
    return is_new


def _plausible(happened_at: datetime, profile: Profile, now: datetime) -> datetime:
    """When it happened; now, by a clock that was never set: it says long before the sale."""
    return happened_at if happened_at >= profile.planned_at - CLOCK_BEHIND_MAX else now


def _kept(text: str, length: int) -> str:
    """What a stranger wrote, as far as a column holds it; PostgreSQL keeps no zero byte."""
    return text.replace("\0", "")[:length]
