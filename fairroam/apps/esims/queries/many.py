"""Lines and their activation facts, many read together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairroam.apps.esims.models import ActivationFact, Profile
from fairroam.apps.esims.queries.lines import (
    ActivationFacts,
    FactRow,
    facts_from,
)


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


def fetched_between(since: datetime, until: datetime) -> int:
    """How many lines' profiles a phone fetched in that time, as carriers and suppliers told."""
    told = ActivationFact.objects.filter(
        kind="downloaded", happened_at__gte=since, happened_at__lt=until
    )
    return told.values("profile__line_id").distinct().count()
