"""Lines and their activation facts, many read together."""

from __future__ import annotations

from collections.abc import Sequence

from fairroam.apps.esims.models import ActivationFact, Profile
from fairroam.apps.esims.queries.lines import (
    SIGNS_OF_A_PHONE,
    ActivationFacts,
    FactRow,
    LinePage,
    _latest,
    _lines,
    _next_step,
    _row,
    code_from,
    facts_from,
)


def pages_of(customer_id: int, *, most: int) -> list[LinePage]:
    """What `line_page` says of the customer's newest lines, at most so many, newest first."""
    theirs = _lines().select_related("order_line__order").filter(customer_id=customer_id)
    lines = list(theirs.order_by("-pk")[:most])
    told: dict[int, list[FactRow]] = {}  # by profile
    rows = ActivationFact.objects.filter(profile__line__in=lines).order_by("happened_at", "pk")
    for profile_id, kind, happened_at, source in rows.values_list(
        "profile_id", "kind", "happened_at", "source"
    ):
        fact = FactRow(kind=kind, happened_at=happened_at, source=source)
        told.setdefault(profile_id, []).append(fact)
    pages = []
    for line in lines:
        profile = _latest(line)
        timeline = tuple(told.get(profile.pk, ())) if profile else ()
        of_all = [fact for one in line.profiles.all() for fact in told.get(one.pk, ())]
        sold = line.order_line
        pages.append(
            LinePage(
                line=_row(line),
                order_number=sold.order.number,
                plan_copy=sold.plan_copy,
                zone=sold.order.zone,
                iccid=profile.iccid if profile else None,
                facts=facts_from(tuple(sorted(of_all, key=lambda fact: fact.happened_at))),
                timeline=timeline,
                next_step=_next_step(line, timeline),
                preferred_networks=line.preferred_networks,
                code=code_from(line, profile, is_in_phone=has_sign_of_a_phone(timeline)),
            )
        )
    return pages


def has_sign_of_a_phone(timeline: Sequence[FactRow]) -> bool:
    """Whether any of these facts of a profile says that a phone has it, or had it."""
    return any(fact.kind in SIGNS_OF_A_PHONE for fact in timeline)


def facts_of_each(order_line_ids: Sequence[int]) -> dict[int, ActivationFacts]:
    """What `facts_of` says of each of those lines."""
    told: dict[int, list[FactRow]] = {line_id: [] for line_id in order_line_ids}
    rows = ActivationFact.objects.filter(profile__line_id__any_of=order_line_ids)
    for line_id, kind, happened_at, source in rows.order_by("happened_at", "pk").values_list(
        "profile__line_id", "kind", "happened_at", "source"
    ):
        told[line_id].append(FactRow(kind=kind, happened_at=happened_at, source=source))
    return {line_id: facts_from(tuple(facts)) for line_id, facts in told.items()}


def accounts_on_phones_of(customer_id: int) -> int:
    """How many other accounts had an eSIM on a phone that had one of this customer's."""
    phones = Profile.objects.filter(customer_id=customer_id).exclude(eid="").values("eid")
    others = Profile.objects.filter(eid__in=phones).exclude(customer_id=customer_id)
    return others.values("customer_id").distinct().count()
