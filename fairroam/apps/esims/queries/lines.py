"""Reads of lines, profiles and their activation facts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from fairroam.apps.esims.models import FACTS, ActivationFact, Line, Profile
from fairroam.apps.journal.queries.planned import ask
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.apps.orders.models import OrderLine
from fairroam.gateways.identifiers import ActivationCode

# Each of these says that a phone has the profile, or had it.
SIGNS_OF_A_PHONE = ("downloaded", "installed", "enabled", "first_attach", "first_usage", "deleted")
PROVEN_BY = {
    "downloaded": ("installed", "enabled", "first_attach", "first_usage", "deleted"),
    "installed": ("enabled", "first_attach", "first_usage", "deleted"),
    "enabled": ("first_attach", "first_usage"),
    "first_attach": ("first_usage",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationFacts:
    """When each thing first happened on a line; None while it has not been told."""

    ready_at: datetime | None = None
    downloaded_at: datetime | None = None
    installed_at: datetime | None = None
    enabled_at: datetime | None = None
    first_attach_at: datetime | None = None
    first_usage_at: datetime | None = None
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """How far a line is. `is_off`: proven, by the carrier or the network."""

    order_line_id: int
    customer_id: int | None  # None while nobody has begun to provide the line
    name: str  # the customer's own; empty = none
    stage: str
    profile_stage: str
    is_off: bool
    made_at: datetime | None
    ending_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FactRow:
    """One activation fact. source: `es2plus` (the carrier), `network` or `supplier`."""

    kind: str
    happened_at: datetime
    source: str


OWNERS = """
    SELECT profile.iccid, planned_at, profile.id, line_id, line.ended_at,
           (SELECT happened_at FROM esims_activationfact
            WHERE profile_id = profile.id AND kind = 'first_attach'),
           (SELECT happened_at FROM esims_activationfact
            WHERE profile_id = profile.id AND kind = 'first_usage')
    FROM json_array_elements_text(%s) AS wanted (iccid)
    JOIN esims_profile profile ON profile.iccid = wanted.iccid
    JOIN esims_line line ON line.order_line_id = line_id
    ORDER BY planned_at, profile.id
"""


@dataclass(frozen=True, slots=True)
class ProfileOwner:
    """Whose profile an ICCID was at some moment, and what its network has told so far."""

    profile_id: int
    order_line_id: int
    line_ended_at: datetime | None
    first_attach_at: datetime | None
    first_usage_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioning:
    """A profile on its way to a customer, as its next step needs it."""

    stage: str
    profile_type: str
    iccid: str | None
    matching_id: str
    planned_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A line that must be proven off, as the calls need it."""

    profile_id: int
    profile_stage: str
    profile_type: str
    iccid: str
    end_key: UUID
    is_in_phone: bool


# What other apps ask ----------------------------------------------------------------------------


def facts_of(order_line_id: int) -> ActivationFacts:
    """The earliest of each fact over all profiles of a line; all None for an unknown line.

    A step that nobody told of, but a later one proves, counts from the moment of that proof:
    what attached was installed, even if the carrier's notice was lost.
    """
    return facts_from(_told(ActivationFact.objects.filter(profile__line_id=order_line_id)))


def line_state(order_line_id: int) -> LineRow:
    """How far the line is; `pending` while nobody has begun to provide it.

    A top-up is as far as the line whose eSIM it is on.
    """
    line = _lines().filter(pk=orders.base_of(order_line_id)).first()
    if line is not None:
        return _row(line)
    return LineRow(
        order_line_id=order_line_id,
        customer_id=None,
        name="",
        stage="pending",
        profile_stage="planned",
        is_off=False,
        made_at=None,
        ending_at=None,
        ended_at=None,
    )


def is_on_a_phone(order_line_id: int) -> bool:
    """Whether a phone has the line's present profile. A top-up has none of its own."""
    return bool(on_phones([order_line_id]))


def on_phones(order_line_ids: Sequence[int]) -> list[int]:
    """Those of the lines whose present profile a phone has."""
    present: dict[int, int] = {}
    for line in _lines().filter(pk__in=order_line_ids):
        profile = _latest(line)
        if profile is not None and profile.stage != "deleted":
            present[line.pk] = profile.pk
    signs = ActivationFact.objects.filter(
        profile_id__in=present.values(), kind__in=SIGNS_OF_A_PHONE
    )
    in_phones = set(signs.values_list("profile_id", flat=True))
    return [line_id for line_id in order_line_ids if present.get(line_id) in in_phones]


def lines_of(customer_id: int) -> list[LineRow]:
    """All lines of a customer, newest first."""
    return [_row(line) for line in _lines().filter(customer_id=customer_id).order_by("-pk")]


def live_lines_of(customer_id: int) -> list[LineRow]:
    """The lines of a customer that are not proven off, oldest first."""
    live = _lines().filter(customer_id=customer_id, is_live=True)
    return [_row(line) for line in live.order_by("pk")]


def owner_of(iccid: str, *, at: datetime) -> ProfileOwner | None:
    """Whose profile this ICCID was `at` that moment; None for one that we never ordered."""
    return owner_at(owners_of([iccid]).get(iccid, []), at)


def owner_at(owners: list[tuple[datetime, ProfileOwner]], at: datetime) -> ProfileOwner | None:
    """Which of one ICCID's owners had it `at` that moment: carriers use ICCIDs again.

    A sender's clock may be behind ours: what seems older than our first profile is about that.
    """
    if len(owners) == 1:
        return owners[0][1]
    earlier = [owner for planned_at, owner in owners if planned_at <= at]
    if earlier:
        return earlier[-1]
    return owners[0][1] if owners else None


Owners = dict[str, list[tuple[datetime, ProfileOwner]]]


def owners_of(iccids: list[str]) -> Owners:
    """Per ICCID, our profiles that had it and since when, oldest first."""
    return ask_owners(iccids)()


def ask_owners(iccids: list[str]) -> Callable[[], Owners]:
    """Ask for what `owners_of` returns; the function returned waits for the answer."""
    rows = ask(OWNERS, json.dumps(iccids))

    def owners() -> Owners:
        found: Owners = {}
        for iccid, planned_at, *owner in rows():
            found.setdefault(iccid, []).append((planned_at, ProfileOwner(*owner)))
        return found

    return owners


# What pages ask ---------------------------------------------------------------------------------


def code_from(line: Line, profile: Profile | None, *, is_in_phone: bool) -> ActivationCode | None:
    """The code that a phone may fetch the profile with: a bearer secret, for its owner alone.

    profile: the line's present one. None before it is released, once a phone has it, and from the
    moment the line is taken off.
    """
    if profile is None or (line.stage, profile.stage) != ("active", "released") or is_in_phone:
        return None
    return ActivationCode(smdp_address=profile.smdp_address, matching_id=profile.matching_id)


# What the tasks ask -----------------------------------------------------------------------------


def is_in_phone(profile_id: int) -> bool:
    """Whether any fact says that a phone has the profile, or had it."""
    return ActivationFact.objects.filter(profile_id=profile_id, kind__in=SIGNS_OF_A_PHONE).exists()


def was_on_a_phone(order_line_id: int) -> bool:
    """Whether a phone has any profile of the line, or had it."""
    signs = ActivationFact.objects.filter(kind__in=SIGNS_OF_A_PHONE)
    return signs.filter(profile__line_id=order_line_id).exists()


def provisioning(profile_id: int) -> Provisioning | None:
    """The profile as the next step needs it; None when there is nothing to do any more."""
    profile = Profile.objects.filter(
        pk=profile_id, is_live=True, line__stage__in=("pending", "reissuing")
    ).first()
    if profile is None:
        return None
    return Provisioning(
        stage=profile.stage,
        profile_type=profile.profile_type,
        iccid=profile.iccid,
        matching_id=profile.matching_id,
        planned_at=profile.planned_at,
    )


def ending(order_line_id: int) -> Ending | None:
    """The line as the calls that end it need it; None when it is not being taken off."""
    line = _lines().filter(pk=order_line_id, stage="terminating").first()
    profile = _latest(line) if line else None
    if line is None or profile is None:
        return None
    assert profile.iccid is not None
    assert line.end_key is not None
    return Ending(
        profile_id=profile.pk,
        profile_stage=profile.stage,
        profile_type=profile.profile_type,
        iccid=profile.iccid,
        end_key=line.end_key,
        is_in_phone=is_in_phone(profile.pk),
    )


def is_resold(order_line_id: int) -> bool:
    """Whether the line's eSIM is bought from a supplier, who alone can do anything to it.

    Raises NotAmongYours for a line that nobody bought.
    """
    sold = OrderLine.objects.filter(pk=order_line_id).values_list("plan_copy", flat=True).first()
    if sold is None:
        raise NotAmongYours(order_line_id=order_line_id)
    return bool(sold.get("supplier"))


def unfinished(before: datetime) -> tuple[list[int], list[int]]:
    """(profile ids still to provision, order lines still to prove off), begun `before`.

    Those of suppliers are left out: other calls go on with them.
    """
    sold = "order_line__plan_copy__supplier"
    profiles = Profile.objects.filter(
        Q(**{f"line__{sold}__isnull": True}) | Q(**{f"line__{sold}": ""}),
        line__stage__in=("pending", "reissuing"),
        is_live=True,
        planned_at__lt=before,
    ).order_by("pk")
    lines = Line.objects.filter(
        Q(**{f"{sold}__isnull": True}) | Q(**{sold: ""}),
        stage="terminating",
        stuck_at__isnull=True,
        ending_at__lt=before,
    ).order_by("pk")
    return (
        list(profiles.values_list("pk", flat=True)),
        list(lines.values_list("pk", flat=True)),
    )


def _lines() -> QuerySet[Line]:
    by_age = Profile.objects.order_by("planned_at", "pk")
    return Line.objects.prefetch_related(Prefetch("profiles", queryset=by_age))


def _latest(line: Line) -> Profile | None:
    return next(reversed(line.profiles.all()), None)


def _row(line: Line) -> LineRow:
    return line_row(line, _latest(line))


def line_row(line: Line, profile: Profile | None) -> LineRow:
    """How far a line is whose present profile this is."""
    return LineRow(
        order_line_id=line.pk,
        customer_id=line.customer_id,
        name=line.name,
        stage=line.stage,
        profile_stage=profile.stage if profile else "cancelled",
        is_off=line.stage == "terminated",
        made_at=line.made_at,
        ending_at=line.ending_at,
        ended_at=line.ended_at,
    )


def _told(facts: QuerySet[ActivationFact]) -> tuple[FactRow, ...]:
    told = facts.order_by("happened_at", "pk").values("kind", "happened_at", "source")
    return tuple(FactRow(**fact) for fact in told)


def facts_from(timeline: tuple[FactRow, ...]) -> ActivationFacts:
    told: dict[str, datetime] = {}
    for fact in timeline:  # oldest first
        told.setdefault(fact.kind, fact.happened_at)
    proven = {kind: min(proofs) for kind in FACTS if (proofs := _proofs(kind, told))}
    return ActivationFacts(**{f"{kind}_at": moment for kind, moment in proven.items()})


def _proofs(kind: str, told: dict[str, datetime]) -> list[datetime]:
    """The instants of all that was told and could not be without `kind`."""
    return [told[proof] for proof in (kind, *PROVEN_BY.get(kind, ())) if proof in told]
