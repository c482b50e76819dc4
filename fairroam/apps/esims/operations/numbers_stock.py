"""The stock of numbers: put in by a person, out of quarantine by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import phonenumbers
from django.db import transaction

from fairroam.apps.esims.models import Number
from fairroam.apps.esims.operations.numbers_moves import move
from fairroam.apps.esims.refusals import NotANumber
from fairroam.apps.journal import operations as journal
from fairroam.rules import keep_alive, stages


@transaction.atomic
def stock(*, rule: str, numbers: Sequence[str], actor: str, now: datetime, donor: str = "") -> int:
    """Put an operator's numbers into stock; returns how many were new.

    rule: of the operator, without a version. numbers: with their country code ("+44 7700 900123").
    donor: from whom they were ported in; empty = of the operator's own range.
    Raises NotANumber for one that cannot be a number, BadPack for an unknown rule.
    """
    keep_alive.versions_of(rule)
    wanted = dict.fromkeys(as_e164(text) for text in numbers)
    here = Number.objects.filter(e164__in=wanted).exclude(
        stage__in=sorted(stages.terminal(stages.NUMBER))
    )
    known = set(here.values_list("e164", flat=True))
    new = [e164 for e164 in wanted if e164 not in known]
    Number.objects.bulk_create(
        [Number(e164=e164, rule=rule, donor=donor, stocked_at=now) for e164 in new]
    )
    if new:
        journal.tell("number.stocked", actor=actor, now=now, rule=rule, count=len(new))
    return len(new)


@transaction.atomic
def recycle(*, now: datetime) -> int:
    """Let numbers go whose quarantine is over; returns how many. Run it now and then.

    One whose operator names no quarantine stays in it: nobody can say that it is over.
    """
    over = Number.objects.select_for_update(no_key=True, skip_locked=True).filter(
        stage="quarantined", quarantine_until__lte=now
    )
    rows = list(over.order_by("pk"))
    for number in rows:
        move(number, "recycle")
        journal.tell("number.recycled", actor="system", now=now, number_id=number.pk)
    return len(rows)


def as_e164(text: str) -> str:
    """The number as E.164. Possible is enough: suppliers hand out ranges that no list knows yet.

    Raises NotANumber.
    """
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        raise NotANumber from error
    if not phonenumbers.is_possible_number(parsed):
        raise NotANumber
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
