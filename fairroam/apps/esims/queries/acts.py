"""Reads of what was done with lines, and of what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from fairroam.apps.esims.models import ACTS, Line, LineAct
from fairroam.apps.esims.queries.pages import LinePage, has_sign_of_a_phone
from fairroam.apps.journal.queries.planned import ask
from fairroam.gateways.lines import Capabilities
from fairroam.rules import stages


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow:
    """One act in the history of a line. reason: the code of a refusal."""

    id: int
    kind: str
    stage: str
    reason: str
    actor: str
    operator: str
    asked_at: datetime
    ended_at: datetime | None
    is_stuck: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCall:
    """An act that is under way, as its next call needs it; call empty: none is left to make."""

    line_id: int
    profile_id: int
    iccid: str
    call: str
    key: UUID
    country: str
    operator: str


HISTORY = """
    SELECT act.id, act.kind, act.stage, act.reason, act.actor,
           coalesce(act.wish ->> 'operator', ''), act.asked_at, act.ended_at,
           act.stuck_at IS NOT NULL
      FROM esims_lineact act JOIN esims_line line ON line.order_line_id = act.line_id
     WHERE act.line_id = %s AND line.customer_id = %s ORDER BY act.id DESC
"""


def acts_of(order_line_id: int, customer_id: int) -> list[ActRow]:
    """The history of a line, newest first; empty for somebody else's."""
    names = [field.name for field in fields(ActRow)]
    found = ask(HISTORY, order_line_id, customer_id)()
    return [ActRow(**dict(zip(names, row, strict=True))) for row in found]


def act_of(act_id: int) -> tuple[int, int, ActRow]:
    """(order line, customer, act)."""
    act = LineAct.objects.select_related("line").get(pk=act_id)
    return act.line_id, act.line.customer_id, _row(act)


def acts_on(
    page: LinePage, acts: Sequence[ActRow], *, capabilities: Capabilities
) -> tuple[str, ...]:
    """What its owner may ask of a line now; nothing while one of its acts is under way.

    What cannot be done by who serves it, a network or a supplier, is left out.
    """
    if any(act.stage == "asked" for act in acts):
        return ()
    line, sold = page.line, page.esim_copy
    resold = bool(sold.get("supplier"))
    hidden = {kind for kind in ACTS if not is_offered(kind, capabilities, is_resold=resold)}
    if not networks_in(sold):
        hidden.add("choose_network")
    if line.stage != "inactive" and not has_sign_of_a_phone(page.timeline):
        hidden.add("change_phone")  # The code is unused: any phone may have it.
    return tuple(kind for kind in ACTS if (line.stage, kind) in stages.LINE and kind not in hidden)


def is_offered(kind: str, capabilities: Capabilities, *, is_resold: bool) -> bool:
    """Whether who serves the line can do that. Suppliers give no second profile."""
    if is_resold and kind not in ("suspend", "resume"):
        return False
    needs = {
        "suspend": capabilities.suspends,
        "resume": capabilities.suspends,
        "choose_network": capabilities.steers,
    }
    return needs.get(kind, True)


def networks_of(order_line_id: int) -> dict[str, list[str]]:
    """Country -> the operators to choose from, where the plan has several."""
    return networks_in(
        Line.objects.select_related("order_line").get(pk=order_line_id).order_line.plan_copy
    )


def networks_in(sold: dict[str, Any]) -> dict[str, list[str]]:
    """The same, of a plan as it was sold."""
    return {
        country: operators
        for country, operators in sold.get("networks", {}).items()
        if len(operators) > 1
    }


def wanted_call(act_id: int) -> WantedCall | None:
    """The act as its task needs it; None once it has ended, or when a person must look."""
    act = LineAct.objects.select_related("profile").filter(pk=act_id, is_live=True).first()
    if act is None or act.stuck_at is not None:
        return None
    return WantedCall(
        line_id=act.line_id,
        profile_id=act.profile_id,
        iccid=act.profile.iccid or "",
        call=act.call,
        key=act.key,
        country=act.wish.get("country", ""),
        operator=act.wish.get("operator", ""),
    )


def preferences_of(order_line_id: int) -> tuple[str, dict[str, str]]:
    """(the ICCID that carries a line now, country -> the operator that was chosen there)."""
    line = Line.objects.get(pk=order_line_id)
    iccid = line.profiles.filter(is_live=True).values_list("iccid", flat=True).first()
    return iccid or "", {country: name for country, name in line.preferred_networks.items() if name}


def key_of_act(act_id: int) -> UUID:
    """The key under which an act's call was made."""
    key: UUID = LineAct.objects.values_list("key", flat=True).get(pk=act_id)
    return key


def unfinished_acts(before: datetime, *, is_resold: bool = False) -> list[int]:
    """Acts asked for `before` whose call nobody answered yet; other calls go on with suppliers'."""
    sold = "line__order_line__plan_copy__supplier"
    own = Q(**{f"{sold}__isnull": True}) | Q(**{sold: ""})
    acts = LineAct.objects.filter(
        ~own if is_resold else own, is_live=True, stuck_at__isnull=True, asked_at__lt=before
    )
    return list(acts.order_by("pk").values_list("pk", flat=True))


def _row(act: LineAct) -> ActRow:
    return ActRow(
        id=act.pk,
        kind=act.kind,
        stage=act.stage,
        reason=act.reason,
        actor=act.actor,
        operator=act.wish.get("operator", ""),
        asked_at=act.asked_at,
        ended_at=act.ended_at,
        is_stuck=act.stuck_at is not None,
    )
