"""Lines as a colleague finds them: by ICCID, order or customer; what got stuck comes first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Collate, Reverse

from fairroam.apps.esims.models import ActivationFact, Line, LineAct, Profile
from fairroam.apps.esims.queries.acts import ActRow, acts_of
from fairroam.apps.esims.queries.calls import CallRow, carrier_calls_of
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours

FOUND_MAX = 50
ICCID_DIGITS = re.compile(r"[0-9]{4,20}")
SHOWN_OF_A_CODE = 2  # letters at its end: enough to compare by phone, too few to use


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLine:
    """One line in a list. is_stuck: an act or the end of it waits for a person."""

    order_line_id: int
    stage: str
    is_stuck: bool
    names: dict[str, str]
    order_number: str
    customer_number: str
    iccid: str | None
    zone: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FactOfProfile:
    """A fact with its source; recorded_at: when we had it."""

    kind: str
    happened_at: datetime
    source: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileOfLine:
    """One of a line's profiles. masked_code: its end only, since the code is a bearer secret."""

    stage: str
    iccid: str | None
    masked_code: str
    planned_at: datetime
    facts: tuple[FactOfProfile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAtDesk:
    """All of one line. acts: newest first; profiles and calls: oldest first."""

    found: FoundLine
    customer_id: int
    zone: str
    supplier: str
    ending_at: datetime | None
    end_stuck_at: datetime | None
    profiles: tuple[ProfileOfLine, ...]
    acts: tuple[ActRow, ...]
    calls: tuple[CallRow, ...]


def stuck_lines() -> Rows[FoundLine]:
    """Lines of which an act or the end waits for a person, longest first."""
    return Rows(_lines().filter(is_stuck=True).order_by("pk"), _found)


def find_lines(words: str) -> list[FoundLine]:
    """Lines by the last four or more digits of an ICCID, an order's or a customer's number.

    Those that got stuck first, then the newest; at most FOUND_MAX.
    """
    wanted = words.strip().upper().replace(" ", "")
    if not wanted:
        return []
    match = Q(order_line__order__number=wanted) | Q(customer__number=wanted)
    if ICCID_DIGITS.fullmatch(wanted):
        match = Q(pk__in=profiles_ending(wanted).values("line"))
    return [
        _found(line) for line in _lines().filter(match).order_by("-is_stuck", "-pk")[:FOUND_MAX]
    ]


def profiles_ending(digits: str) -> QuerySet[Any]:
    """Profiles by the end of their ICCID: read backwards, as the index of ends has them."""
    read_back = Profile.objects.annotate(back=Collate(Reverse("iccid"), "C"))
    return read_back.filter(back__startswith=digits[::-1])


def line_at_desk(order_line_id: int) -> LineAtDesk:
    """That line, without what would let anybody use it. Raises NotAmongYours."""
    line = _lines().filter(pk=order_line_id).first()
    if line is None:
        raise NotAmongYours(order_line_id=order_line_id)
    sold = line.order_line
    return LineAtDesk(
        found=_found(line),
        customer_id=line.customer_id,
        zone=sold.order.zone,
        supplier=sold.plan_copy.get("supplier", ""),
        ending_at=line.ending_at,
        end_stuck_at=line.stuck_at,
        profiles=tuple(_profile(one) for one in line.profiles.order_by("planned_at", "pk")),
        acts=tuple(acts_of(line.pk, line.customer_id)),
        calls=tuple(carrier_calls_of(line.pk)),
    )


def _lines() -> QuerySet[Any]:
    stuck_act = LineAct.objects.filter(line=OuterRef("pk"), is_live=True, stuck_at__isnull=False)
    is_stuck = Exists(stuck_act) | Q(stage="terminating", stuck_at__isnull=False)
    return Line.objects.annotate(is_stuck=is_stuck).select_related("order_line__order", "customer")


def _found(line: Any) -> FoundLine:
    profile = line.profiles.order_by("planned_at", "pk").last()
    return FoundLine(
        order_line_id=line.pk,
        stage=line.stage,
        is_stuck=line.is_stuck,
        names=line.order_line.plan_copy["names"],
        order_number=line.order_line.order.number,
        customer_number=line.customer.number,
        iccid=profile.iccid if profile else None,
        zone=line.order_line.order.zone,
        made_at=line.made_at,
    )


def _profile(profile: Profile) -> ProfileOfLine:
    facts = ActivationFact.objects.filter(profile=profile).order_by("happened_at", "pk")
    told = facts.values("kind", "happened_at", "source", "recorded_at")
    code = profile.matching_id
    return ProfileOfLine(
        stage=profile.stage,
        iccid=profile.iccid,
        masked_code=f"····{code[-SHOWN_OF_A_CODE:]}" if code else "",
        planned_at=profile.planned_at,
        facts=tuple(FactOfProfile(**fact) for fact in told),
    )
