"""What a customer does with a line: pause, resume, deactivate, activate again, change the phone.

An act is asked for, done at carrier or network by a task, and recorded; its key and the call to
make are stored before the call. Until its outcome is known nothing else can be asked for, but
the end of the line.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from fairroam.apps.customers import operations as customers
from fairroam.apps.esims import queries
from fairroam.apps.esims.models import ACTS, Line, LineAct, Profile
from fairroam.apps.esims.operations.moves import (
    lock_latest_profile,
    lock_line,
    move_act,
    move_line,
    move_profile,
)
from fairroam.apps.esims.refusals import (
    ActUnderWay,
    CodeStillUnused,
    NetworkNotInPlan,
    NotOffered,
    StillInAPhone,
)
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import MoveNotAllowed, NotAmongYours
from fairroam.apps.orders import queries as orders
from fairroam.gateways.lines import Capabilities
from fairroam.rules import stages


def ask_act(
    *,
    kind: str,
    order_line_id: int,
    customer_id: int,
    key: UUID,
    capabilities: Capabilities,
    actor: str,
    now: datetime,
    is_lost: bool = False,
    country: str = "",
    operator: str = "",
) -> LineAct:
    """Ask for an act of one line, one of models.ACTS; the task `do_act` goes on with it.

    key: of the form; sent again it gives the same act. capabilities: of who serves the line.
    is_lost: the old phone is gone, so the network bars what is on it (change_phone).
    country, operator: the choice (choose_network); no operator means whichever is best.
    Raises NotAmongYours, AccountClosed, ActUnderWay, MoveNotAllowed, NotOffered, StillInAPhone,
    CodeStillUnused, NetworkNotInPlan, KeyReused.
    """
    wish = {"country": country, "operator": operator} if kind == "choose_network" else {}

    def work() -> dict[str, Any]:
        customers.lock_open(customer_id)
        line = _lock_own_line(order_line_id, customer_id)
        is_resold = queries.is_resold(line.pk)
        if kind not in ACTS or not queries.is_offered(kind, capabilities, is_resold=is_resold):
            raise NotOffered(kind=kind)
        act = _begin(line, kind, wish, is_lost, actor, now)
        return {"act_id": act.pk}

    answer = journal.answer_once(
        principal=f"customer:{customer_id}",
        route="line-act",
        key=str(key),
        request={"kind": kind, "order_line_id": order_line_id, "is_lost": is_lost, **wish},
        work=work,
        now=now,
    )
    return LineAct.objects.get(pk=answer["act_id"])


@transaction.atomic
def name_line(*, order_line_id: int, customer_id: int, name: str, now: datetime) -> None:
    """Call a line what its owner calls it, at most 40 characters. Raises NotAmongYours."""
    line = _lock_own_line(order_line_id, customer_id)
    Line.objects.filter(pk=line.pk).update(name=name.strip()[:40])
    journal.tell(
        "line.named",
        actor=f"customer:{customer_id}",
        now=now,
        customer_id=customer_id,
        order_line_id=line.pk,
    )


@transaction.atomic
def record_act(*, act_id: int, now: datetime) -> bool:
    """Carrier and network have done what they were asked: go on with the act, or end it.

    Returns False when a phone has the profile that the carrier took back: `stop_instead`.
    """
    act = _lock_act(act_id)
    if not act.is_live:
        return True
    if act.call == "cancel" and queries.is_in_phone(act.profile_id):
        return False
    _go_on(act, now)
    return True


@transaction.atomic
def stop_instead(*, act_id: int) -> None:
    """The carrier cannot take the profile back, a phone has it: the network is to stop it."""
    act = _lock_act(act_id)
    if act.is_live and act.call == "cancel":
        LineAct.objects.filter(pk=act_id).update(call=_stop_in_phone(act.profile))


@transaction.atomic
def refuse_act(*, act_id: int, reason: str, now: datetime) -> None:
    """Carrier or network will never do it, for the `reason`: the line is as it was before.

    What the network has ended for good is stopped indeed: then the act goes on without it. Where
    no way leads back a person must look, since what is on the phone may still be served.
    """
    act = _lock_act(act_id)
    if not act.is_live:
        return
    if act.kind in ("suspend", "resume", "choose_network"):
        if act.kind != "choose_network":
            move_line(act.line, "refuse")
        conclude(act, "refuse", reason=reason, now=now)
    elif reason == "line_ended":
        act.call = "end"
        _go_on(act, now)
    elif act.stuck_at is None:
        LineAct.objects.filter(pk=act.pk).update(stuck_at=now, reason=reason)
        _tell("line.act_stuck", act, actor="system", now=now, reason=reason)


@transaction.atomic
def ask_again(*, act_id: int, actor: str, now: datetime) -> None:
    """A person has a stuck act tried once more, by the same call under the same key.

    Raises NotAmongYours, MoveNotAllowed for an act that is not stuck.
    """
    if not LineAct.objects.filter(pk=act_id).exists():
        raise NotAmongYours(act_id=act_id)
    act = _lock_act(act_id)
    if not act.is_live or act.stuck_at is None:
        raise MoveNotAllowed(act_id=act_id, stage=act.stage)
    LineAct.objects.filter(pk=act.pk).update(stuck_at=None, reason="")
    _tell("line.act_asked_again", act, actor=actor, now=now)


def conclude(act: LineAct, move: str, *, now: datetime, reason: str = "") -> None:
    """End a live act of a locked line."""
    move_act(act, move, ended_at=now, reason=reason, call="")
    kinds = {"succeed": "line.act_done", "refuse": "line.act_refused"}
    if move in kinds:
        _tell(kinds[move], act, actor="system", now=now, reason=reason)


def live_act(line: Line) -> LineAct | None:
    """What is under way for a locked line."""
    return LineAct.objects.select_related("line", "profile").filter(line=line, is_live=True).first()


# The beginning -----------------------------------------------------------------------------------


def _begin(
    line: Line, kind: str, wish: dict[str, str], is_lost: bool, actor: str, now: datetime
) -> LineAct:
    if live_act(line) is not None:
        raise ActUnderWay(order_line_id=line.pk)
    if (line.stage, kind) not in stages.LINE:
        raise MoveNotAllowed(order_line_id=line.pk, stage=line.stage, move=kind)
    profile = lock_latest_profile(line)
    if kind == "choose_network" and wish["operator"] not in ("", *_choices(line, wish["country"])):
        raise NetworkNotInPlan(order_line_id=line.pk)
    call = _first_call(kind, line, profile, is_lost)
    move_line(line, kind)
    act = LineAct.objects.create(
        line=line,
        profile=profile,
        kind=kind,
        key=uuid4(),
        call=call,
        wish=wish,
        actor=actor,
        asked_at=now,
    )
    _tell("line.act_asked", act, actor=actor, now=now)
    return act


def _first_call(kind: str, line: Line, profile: Profile, is_lost: bool) -> str:
    """What carrier or network must do first; decided once, since a key is for one call."""
    if kind == "choose_network":
        return "prefer"
    if kind == "deactivate":
        return _stop_in_phone(profile) if queries.is_in_phone(profile.pk) else "cancel"
    if kind == "activate_again":
        return "resume" if _was_only_stopped(profile) else ""
    if kind == "change_phone":
        return _call_for_another_phone(line, profile, is_lost)
    return kind


def _call_for_another_phone(line: Line, profile: Profile, is_lost: bool) -> str:
    """Whatever is on the old phone must be gone: deleted there, or barred by the network."""
    if line.stage == "inactive" and not _was_only_stopped(profile):
        return ""
    if not queries.is_in_phone(profile.pk):
        raise CodeStillUnused(order_line_id=line.pk)
    if is_lost or (profile.stage == "deleted" and not profile.is_reusable):
        return "end"
    if profile.stage != "deleted":
        raise StillInAPhone(order_line_id=line.pk)
    return "" if line.stage == "active" else "resume"


def _stop_in_phone(profile: Profile) -> str:
    """A profile that can be had again is stopped for a while, any other one for good."""
    return "suspend" if profile.is_reusable else "end"


def _was_only_stopped(profile: Profile) -> bool:
    return profile.is_reusable and queries.is_in_phone(profile.pk)


def _choices(line: Line, country: str) -> list[str]:
    networks: dict[str, list[str]] = orders.terms_of(line.pk).plan_copy.get("networks", {})
    return networks.get(country, [])


# The rest --------------------------------------------------------------------------------


def _go_on(act: LineAct, now: datetime) -> None:
    if act.call in ("end", "cancel"):
        _retire(act.profile, act.call)
    if act.kind in ("activate_again", "change_phone"):
        _reissue(act, now)
        return
    if act.kind == "choose_network":
        act.line.preferred_networks[act.wish["country"]] = act.wish["operator"]
        Line.objects.filter(pk=act.line_id).update(preferred_networks=act.line.preferred_networks)
    else:
        move_line(act.line, "confirm")
    conclude(act, "succeed", now=now)


def _reissue(act: LineAct, now: datetime) -> None:
    """Give the line a profile again: the one that is on the phone, the deleted one, or a new one.

    The last two are provided like a first one; the act ends when a phone can download it.
    """
    if Profile.objects.filter(line=act.line_id, pk__gt=act.profile_id).exists():
        return  # Being provided already.
    LineAct.objects.filter(pk=act.pk).update(call="")
    old = Profile.objects.get(pk=act.profile_id)
    is_kept = act.call != "end" and _was_only_stopped(old)
    if is_kept and old.stage != "deleted":
        move_line(act.line, "activate")
        conclude(act, "succeed", now=now)
        return
    Profile.objects.filter(line=act.line_id).update(is_live=None)
    profile = Profile.objects.create(
        line=act.line,
        customer_id=act.line.customer_id,
        profile_type=old.profile_type,
        is_reusable=old.is_reusable,
        stage="reserved" if is_kept else "planned",
        iccid=old.iccid if is_kept else None,
        matching_id=old.matching_id if is_kept else "",
        # Carriers date their notices by the second: what follows must not seem older than this.
        planned_at=now.replace(microsecond=0),
    )
    _tell("profile.planned", act, actor="system", now=now, profile_id=profile.pk)


def _retire(profile: Profile, call: str) -> None:
    """A profile that was proven off carries its line no more."""
    if call == "cancel":
        move_profile(profile, "cancel")
    Profile.objects.filter(pk=profile.pk).update(is_live=None)


def _lock_own_line(order_line_id: int, customer_id: int) -> Line:
    if not Line.objects.filter(pk=order_line_id, customer_id=customer_id).exists():
        raise NotAmongYours(order_line_id=order_line_id)
    return lock_line(order_line_id)


def _lock_act(act_id: int) -> LineAct:
    """Lock the line of an act, then read the act as it stands."""
    lock_line(LineAct.objects.values_list("line_id", flat=True).get(pk=act_id))
    act = LineAct.objects.select_related("line").get(pk=act_id)
    act.profile = Profile.objects.select_for_update(no_key=True).get(pk=act.profile_id)
    return act


def _tell(kind: str, act: LineAct, *, actor: str, now: datetime, **facts: object) -> None:
    journal.tell(
        kind,
        actor=actor,
        now=now,
        customer_id=act.line.customer_id,
        order_line_id=act.line_id,
        act_id=act.pk,
        act=act.kind,
        **facts,
    )
