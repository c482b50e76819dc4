"""Where a type of profile works, as a person tells it at the desk: a new dated table each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from fairroam.apps.catalogue.models import Coverage, Operator
from fairroam.apps.catalogue.refusals import CoverageRefused, OperatorRefused
from fairroam.apps.journal import operations as journal


@transaction.atomic
def tell_coverage(
    *,
    profile_type: str,
    country: str,
    radios: Mapping[int, Sequence[str]],
    as_of: date,
    source: str,
    actor: str,
    now: datetime,
) -> int:
    """Say by which operators and radios a country is reached as of a day; how many rows it makes.

    It is the whole table of that day: an operator that it does not name is gone from then on. What
    was said before stays as it is. radios: operator's id -> "4G", "5G" …, of this country.
    Raises CoverageRefused.
    """
    with connection.cursor() as cursor:  # Two tables of one day take turns, as imports do.
        cursor.execute("LOCK TABLE catalogue_operator IN SHARE ROW EXCLUSIVE MODE")
    operators = Operator.objects.filter(country=country).in_bulk(list(radios))
    rows = [
        Coverage(
            profile_type=profile_type,
            country=country,
            operator=operators[pk],
            radio=radio,
            as_of=as_of,
            source=source,
        )
        for pk, chosen in radios.items()
        if pk in operators
        for radio in chosen
    ]
    told = Coverage.objects.filter(profile_type=profile_type, country=country, as_of__gte=as_of)
    if not rows or as_of > now.date() or told.exists():
        raise CoverageRefused(rows=len(rows), as_of=as_of, newest=newest(profile_type, country))
    Coverage.objects.bulk_create(rows)
    journal.tell(
        "coverage.told",
        actor=actor,
        now=now,
        profile_type=profile_type,
        country=country,
        as_of=as_of.isoformat(),
        rows=len(rows),
    )
    return len(rows)


def newest(profile_type: str, country: str) -> date | None:
    """The day of the table that counts so far."""
    told = Coverage.objects.filter(profile_type=profile_type, country=country)
    return told.order_by("-as_of").values_list("as_of", flat=True).first()


@transaction.atomic
def add_operator(
    *, country: str, name: str, mcc: str, mnc: str, actor: str, now: datetime
) -> Operator:
    """Take in a network of the world by its codes (ITU-T E.212). Raises OperatorRefused."""
    operator = Operator(country=country, name=name, mcc=mcc, mnc=mnc)
    try:
        operator.full_clean()
    except ValidationError as error:
        raise OperatorRefused(mcc=mcc, mnc=mnc) from error
    operator.save()
    journal.tell("operator.added", actor=actor, now=now, operator_id=operator.pk)
    return operator
