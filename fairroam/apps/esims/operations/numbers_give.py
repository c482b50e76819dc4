"""Give a line its number: to a person we know, within a cap; whatever is unusual goes to a person.

Numbers are for the people who own them. A code that somebody sends to a kept number reaches the
eSIM in its phone and nothing else: we receive no messages and keep none.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from fairroam.apps.esims.models import IdentityCheck, Keeping, Line, Number, QualifyingAct
from fairroam.apps.esims.operations.end import take_off
from fairroam.apps.esims.operations.numbers_moves import lock_keeping, move, tell
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.orders import queries as orders

NUMBERS_PER_PERSON = 2
PERSON_PAUSE = timedelta(hours=24)  # a second number so soon is looked at
BURST_WINDOW, BURST_MAX = timedelta(hours=1), 20  # more than that at once, by whomever


@transaction.atomic
def ask_number(*, order_line_id: int, now: datetime) -> None:
    """A line is ready: if its plan comes with a number, it waits for one from now on.

    A repeat changes nothing.
    """
    line = Line.objects.filter(pk=order_line_id, is_live=True).first()
    rule = orders.terms_of(order_line_id).plan_copy.get("number_rule", "")
    if line is None or not rule:
        return
    keeping, is_new = Keeping.objects.get_or_create(
        line=line, defaults={"customer_id": line.customer_id, "rule": rule, "asked_at": now}
    )
    if is_new:
        tell("number.asked", keeping, now=now)


@transaction.atomic
def consider(*, line_id: int, now: datetime) -> None:
    """Give the line its number if its owner is known and nothing is unusual. Safe to repeat."""
    waiting = Keeping.objects.filter(pk=line_id, stage="waiting_for_identity").first()
    person = person_of(waiting.customer_id) if waiting else ""
    if waiting is None or not person:
        return
    # One person's wishes are looked at one after the other, whatever the account.
    list(
        IdentityCheck.objects.select_for_update(no_key=True)
        .filter(person_sha256=person)
        .order_by("pk")
    )
    keeping = lock_keeping(line_id)
    if keeping is None or keeping.stage != "waiting_for_identity":
        return
    number = _free_number(keeping.rule)
    reason = "no_number" if number is None else _unusual(person, now)
    if reason or number is None:
        move(keeping, "review", review_reason=reason)
        tell("number.review_needed", keeping, now=now, reason=reason)
        return
    _give(keeping, number, actor="system", now=now)


@transaction.atomic
def decide_number(*, line_id: int, staff_user_id: int, is_allowed: bool, now: datetime) -> bool:
    """Say at the desk whether an unusual wish is granted; refused, all its money goes back.

    Returns False when it is granted and no number is free: it waits on. Raises NotAmongYours,
    MoveNotAllowed when it does not wait for a person.
    """
    keeping = lock_keeping(line_id)
    if keeping is None:
        raise NotAmongYours(line_id=line_id)
    if keeping.stage != "under_review":
        raise MoveNotAllowed(line_id=line_id, stage=keeping.stage)
    actor = f"staff:{staff_user_id}"
    if is_allowed:
        number = _free_number(keeping.rule)
        if number is None:
            return False
        _give(keeping, number, actor=actor, now=now)
        return True
    move(keeping, "refuse", ended_at=now)
    tell("number.refused", keeping, actor=actor, now=now)
    take_off(order_line_id=line_id, now=now)  # Its money goes back once that is proven.
    return True


def person_of(customer_id: int) -> str:
    """The hash of the person behind an account; empty while we do not know them."""
    known = IdentityCheck.objects.filter(customer_id=customer_id, stage="verified")
    return known.order_by("-pk").values_list("person_sha256", flat=True).first() or ""


def _unusual(person: str, now: datetime) -> str:
    """Why a person should look at it; empty when nothing is unusual."""
    accounts = IdentityCheck.objects.filter(person_sha256=person, stage="verified")
    kept: QuerySet[Keeping] = Keeping.objects.filter(stage="kept")
    own = kept.filter(customer_id__in=accounts.values("customer_id"))
    if own.count() >= NUMBERS_PER_PERSON:
        return "cap"
    if own.filter(kept_from__gt=now - PERSON_PAUSE).exists():
        return "soon_again"
    if kept.filter(kept_from__gt=now - BURST_WINDOW).count() >= BURST_MAX:
        return "burst"
    return ""


def _free_number(rule: str) -> Number | None:
    """Lock the number that has been in stock longest; two buyers never wait for one another."""
    free = Number.objects.filter(rule=rule, stage="available").order_by("stocked_at", "pk")
    return free.select_for_update(skip_locked=True, no_key=True).first()


def _give(keeping: Keeping, number: Number, *, actor: str, now: datetime) -> None:
    move(keeping, "allow", number_id=number.pk, kept_from=now)
    move(number, "reserve")
    move(number, "activate")
    QualifyingAct.objects.create(
        keeping=keeping,
        kind="activation",
        happened_at=now,
        source="us",
        ref=f"activation:{keeping.pk}",
        recorded_at=now,
    )
    tell("number.kept", keeping, actor=actor, now=now)
