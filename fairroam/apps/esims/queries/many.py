"""Lines and their activation facts, many read together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from fairroam.apps.esims.models import ActivationFact, Profile
from fairroam.apps.esims.queries.lines import ActivationFacts, FactRow, facts_from
from fairroam.apps.journal.queries.planned import question, together


def facts_of_each(order_line_ids: Sequence[int]) -> dict[int, ActivationFacts]:
    """What `facts_of` says of each of those lines."""
    (found,) = together(facts_asked(order_line_ids))
    return {line_id: found.get(line_id, NOTHING_TOLD) for line_id in order_line_ids}


def _facts(order_line_ids: list[int]) -> QuerySet[ActivationFact, Any]:
    facts = ActivationFact.objects.filter(profile__line_id__any_of=order_line_ids)
    in_order = facts.order_by("happened_at", "pk")
    return in_order.values("kind", "happened_at", "source", line=F("profile__line_id"))


def read_facts(rows: Sequence[dict[str, Any]]) -> dict[int, ActivationFacts]:
    told: dict[int, list[FactRow]] = {}
    for row in rows:
        happened_at = datetime.fromisoformat(row["happened_at"])
        fact = FactRow(kind=row["kind"], happened_at=happened_at, source=row["source"])
        told.setdefault(row["line"], []).append(fact)
    return {line_id: facts_from(tuple(facts)) for line_id, facts in told.items()}


facts_asked = question(_facts, read_facts)  # Of what was told of some lines; for others nothing.
NOTHING_TOLD = ActivationFacts()


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
