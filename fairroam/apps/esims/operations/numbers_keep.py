"""Keep a number alive: acts are recorded, its clock is followed, one act is done for its owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from fairroam.apps.esims.models import KeepAlive, Keeping, Number, QualifyingAct
from fairroam.apps.esims.operations.numbers_end import let_go
from fairroam.apps.esims.operations.numbers_moves import (
    lock_keeping,
    lock_number,
    lock_own_keeping,
    move,
    tell,
)
from fairroam.apps.esims.queries import numbers as queries
from fairroam.apps.esims.refusals import NotAllowedByOperator, NumberNotKept, TermsMovedOn
from fairroam.gateways.lines import KeptAlive
from fairroam.rules.keep_alive import Forecast

# Before the deadline: late enough to cost little, early enough for three warnings if it fails.
AUTOMATIC_BEFORE = timedelta(days=21)
LATE_RECORDS = timedelta(days=3)  # so long we wait for what the network may still tell


@transaction.atomic
def record_use(
    *, line_id: int, kind: str, happened_at: datetime, source: str, ref: str, now: datetime
) -> bool:
    """Record something done with a kept line; told again, nothing changes. Returns whether new.

    kind: one of keep_alive.KINDS. (source, ref) is the same in every copy. A clock that is ahead
    of ours is put back to now.
    """
    keeping = lock_keeping(line_id)
    if keeping is None or keeping.stage != "kept":
        return False
    _act, is_new = QualifyingAct.objects.get_or_create(
        source=source,
        ref=ref,
        defaults={
            "keeping": keeping,
            "kind": kind,
            "happened_at": min(happened_at, now).replace(microsecond=0),
            "recorded_at": now,
        },
    )
    if is_new:
        _follow(keeping, now)
    return is_new


@transaction.atomic
def follow_clock(*, line_id: int, now: datetime) -> None:
    """Bring a number to where its clock has it: warn, do the automatic act, let it go.

    Depends on stored acts and the rule in force alone. Safe to repeat; run it now and then.
    """
    keeping = lock_keeping(line_id)
    if keeping is not None and keeping.stage == "kept":
        _follow(keeping, now)


@transaction.atomic
def agree_automatic(*, line_id: int, customer_id: int, rule: str, now: datetime) -> None:
    """The customer lets us do the act that `rule` (a version) allows, at the price it names.

    Raises NotAmongYours, NumberNotKept, NotAllowedByOperator, TermsMovedOn when the rule in force
    is another one than the page showed.
    """
    keeping = lock_own_keeping(line_id, customer_id)
    if keeping.stage != "kept":
        raise NumberNotKept(line_id=line_id)
    in_force = queries.rule_of(keeping, now)
    if in_force.automatic is None:
        raise NotAllowedByOperator(line_id=line_id)
    if in_force.name != rule:
        raise TermsMovedOn(line_id=line_id)
    _set(keeping, automatic_rule=rule, automatic_agreed_at=now)
    tell(
        "keep_alive.agreed",
        keeping,
        actor=f"customer:{customer_id}",
        now=now,
        rule=rule,
        cost_minor=in_force.automatic.cost_minor,
        currency=in_force.automatic.currency,
    )
    _follow(keeping, now)


@transaction.atomic
def stop_automatic(*, line_id: int, customer_id: int, now: datetime) -> None:
    """No act is done for the customer from now on. Raises NotAmongYours."""
    keeping = lock_own_keeping(line_id, customer_id)
    if keeping.automatic_rule:
        _set(keeping, automatic_rule="", automatic_agreed_at=None)
        tell("keep_alive.stopped", keeping, actor=f"customer:{customer_id}", now=now)


@transaction.atomic
def record_keep_alive(*, keep_alive_id: int, kept: KeptAlive, now: datetime) -> None:
    """The network has done the automatic act: the clock starts anew."""
    act, keeping = _lock_act(keep_alive_id)
    if act.stage != "asked":
        return
    move(act, "succeed", ended_at=now)
    record_use(
        line_id=keeping.pk,
        kind=kept.act,
        happened_at=kept.happened_at,
        source="automatic",
        ref=kept.ref,
        now=now,
    )
    tell("keep_alive.done", keeping, now=now, keep_alive_id=act.pk)


@transaction.atomic
def refuse_keep_alive(*, keep_alive_id: int, reason: str, now: datetime) -> None:
    """The network will not do the act: its owner must, and hears of it at once."""
    act, keeping = _lock_act(keep_alive_id)
    if act.stage == "asked":
        move(act, "refuse", ended_at=now, reason=reason[:40])
        tell("keep_alive.refused", keeping, now=now, keep_alive_id=act.pk, reason=reason)


# The clock ---------------------------------------------------------------------------------------


def _follow(keeping: Keeping, now: datetime) -> None:
    found = queries.forecast_of(keeping, now)
    assert found is not None, "a number that is kept was activated"
    number = lock_number(keeping)
    stage = found.stage_at(now)
    if stage == "disconnected" and now < found.grace_until + LATE_RECORDS:
        stage = "grace"
    if stage == "disconnected":
        let_go(keeping.pk, reason="not_used", now=now)
        return
    if number.stage != "port_out_pending":
        _bring(number, stage, keeping, found, now)
    _claim_automatic(keeping, found, now)
    _warn(keeping, number, found, now)


def _bring(number: Number, stage: str, keeping: Keeping, found: Forecast, now: datetime) -> None:
    """Follow a later act back to active, or the deadline into grace."""
    if stage == "grace" and number.stage in ("active", "inactive_warned"):
        move(number, "expire")
        tell("number.in_grace", keeping, now=now, until=found.grace_until.isoformat())
    has_new_deadline = found.deadline != keeping.warned_deadline
    if stage == "active" and (
        number.stage == "grace" or (number.stage == "inactive_warned" and has_new_deadline)
    ):
        move(number, "keep")


def _warn(keeping: Keeping, number: Number, found: Forecast, now: datetime) -> None:
    """Tell each warning once: the latest that is due, for those that were slept through too.

    While the automatic act is still to come, only the last ones are told.
    """
    days = found.warning_at(now)
    if days is None or now >= found.deadline:
        return
    if timedelta(days=days) > AUTOMATIC_BEFORE and _is_automatic(keeping, found, now):
        return
    is_new = keeping.warned_deadline != found.deadline
    if not is_new and keeping.warned_days is not None and keeping.warned_days <= days:
        return
    _set(keeping, warned_deadline=found.deadline, warned_days=days)
    if number.stage == "active":
        move(number, "warn")
    tell("number.warned", keeping, now=now, days=days, deadline=found.deadline.isoformat())


def _claim_automatic(keeping: Keeping, found: Forecast, now: datetime) -> None:
    """Store the automatic act and its key; a task does it. One per deadline, while it is paid."""
    if now < found.deadline - AUTOMATIC_BEFORE or not _is_automatic(keeping, found, now):
        return
    rule = queries.rule_of(keeping, now)
    assert rule.automatic is not None
    act, is_new = KeepAlive.objects.get_or_create(
        keeping=keeping,
        deadline=found.deadline,
        defaults={"key": uuid4(), "act": rule.automatic.act, "rule": rule.name, "asked_at": now},
    )
    if is_new:
        tell("keep_alive.asked", keeping, now=now, keep_alive_id=act.pk)


def _is_automatic(keeping: Keeping, found: Forecast, now: datetime) -> bool:
    """Whether an act of ours is agreed, allowed, paid for, and has not failed for this deadline."""
    if keeping.paid_until is None or keeping.paid_until <= now:
        return False
    if not queries.is_automatic(keeping, queries.rule_of(keeping, now)):
        return False
    failed = KeepAlive.objects.filter(keeping=keeping, deadline=found.deadline, stage="refused")
    return not failed.exists()


def _lock_act(keep_alive_id: int) -> tuple[KeepAlive, Keeping]:
    line_id = KeepAlive.objects.values_list("keeping_id", flat=True).get(pk=keep_alive_id)
    keeping = lock_keeping(line_id)
    assert keeping is not None
    return KeepAlive.objects.select_for_update(no_key=True).get(pk=keep_alive_id), keeping


def _set(keeping: Keeping, **changes: object) -> None:
    Keeping.objects.filter(pk=keeping.pk).update(**changes)
    for field, value in changes.items():
        setattr(keeping, field, value)
