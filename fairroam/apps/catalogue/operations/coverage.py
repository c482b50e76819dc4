"""Where a type of profile works, as a person tells it at the desk: a new dated table each time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction

from fairroam.apps.catalogue.models import Coverage, Operator
from fairroam.apps.catalogue.queries.desk import table_now
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

    It is the whole table of that day: an operator that it does not name is gone from then on. Of
    the day that counts already it is a correction. What was said before stays as it is, and the
    same table again changes nothing. radios: operator's id -> "4G", "5G" …, of this country.
    Raises CoverageRefused.
    """
    with connection.cursor() as cursor:  # Two tables of one day take turns, as imports do.
        cursor.execute("LOCK TABLE catalogue_operator IN SHARE ROW EXCLUSIVE MODE")
    before = table_now(profile_type, country)
    newest = before[0] if before else None
    is_correction = newest is not None and newest.as_of == as_of
    operators = Operator.objects.filter(country=country).in_bulk(list(radios))
    rows = [
        Coverage(
            profile_type=profile_type,
            country=country,
            operator=operators[pk],
            radio=radio,
            as_of=as_of,
            edition=newest.edition + 1 if newest and is_correction else 0,
            source=source,
        )
        for pk, chosen in radios.items()
        if pk in operators
        for radio in chosen
    ]
    if not rows or as_of > now.date() or (newest and as_of < newest.as_of):
        raise CoverageRefused(rows=len(rows), as_of=as_of, newest=newest and newest.as_of)
    if is_correction and said_by(rows) == said_by(before):
        return len(rows)
    Coverage.objects.bulk_create(rows)
    journal.tell(
        "coverage.told",
        actor=actor,
        now=now,
        profile_type=profile_type,
        country=country,
        as_of=as_of.isoformat(),
        edition=rows[0].edition,
        rows=len(rows),
    )
    return len(rows)


def said_by(rows: Iterable[Coverage]) -> set[tuple[int, str, str]]:
    """What a table says, whenever it was told."""
    return {(row.operator_id, row.radio, row.source) for row in rows}


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
