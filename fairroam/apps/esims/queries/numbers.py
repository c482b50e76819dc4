"""Reads of numbers: what a line keeps, until when, and what may be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import phonenumbers
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from fairroam.apps.esims.models import (
    IdentityCheck,
    KeepAlive,
    Keeping,
    Number,
    PortOut,
    Profile,
    QualifyingAct,
)
from fairroam.apps.journal.queries.planned import Often
from fairroam.apps.journal.queries.rows import Rows
from fairroam.apps.journal.refusals import NotAmongYours
from fairroam.rules import keep_alive, stages
from fairroam.rules.keep_alive import Act, Automatic, Forecast, Rule
from fairroam.rules.zones import load_zone

RENEWAL_NOTICE = timedelta(days=21)  # before the end of what is paid; at most once a period


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow:
    """Something done with a kept line. counts: by the rule in force now."""

    kind: str
    happened_at: datetime
    source: str
    counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PortOutRow:
    """How far a port-out is. has_code: it can be shown to whoever has just signed in again."""

    stage: str
    asked_at: datetime
    expires_at: datetime | None
    has_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingPage:
    """What a line keeps, for its owner. number: as people write it; empty while there is none.

    automatic: what the operator lets us do and takes for it; None where it does not.
    is_automatic: the customer agreed to just that. zone: in which the operator counts days.
    """

    line_id: int
    customer_id: int
    stage: str
    number: str
    number_stage: str
    rule: Rule
    zone: str
    forecast: Forecast | None
    acts: tuple[ActRow, ...]
    automatic: Automatic | None
    is_automatic: bool
    paid_until: datetime | None
    renews: bool
    renewal_number: str  # of the order for the next period that waits to be paid
    port_out: PortOutRow | None
    disconnected_at: datetime | None
    quarantine_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAct:
    """A call to the network that is still to be made for a kept number."""

    iccid: str
    key: UUID
    act: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingNumber:
    """A wish for a number that waits for a person. reason: cap, soon_again, burst, no_number."""

    line_id: int
    customer_number: str
    rule: str
    reason: str
    asked_at: datetime
    numbers_of_person: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCheck:
    """A customer who waits for a person to look at them and their document."""

    check_id: int
    customer_number: str
    asked_at: datetime


# What pages ask ---------------------------------------------------------------------------------


def keeping_page(line_id: int, customer_id: int, *, now: datetime) -> KeepingPage:
    """What the line keeps. Raises NotAmongYours, also for a line that keeps nothing."""
    found = Keeping.objects.select_related("number", "renewal").filter(
        pk=line_id, customer_id=customer_id
    )
    keeping = found.first()
    if keeping is None:
        raise NotAmongYours(line_id=line_id)
    return _page(keeping, now)


def keepings_of(customer_id: int, *, now: datetime) -> list[KeepingPage]:
    """All that a customer keeps or waits for, newest first."""
    found = Keeping.objects.select_related("number", "renewal").filter(customer_id=customer_id)
    return [_page(keeping, now) for keeping in found.order_by("-pk")]


@Often
def numbers_at_risk_of(customer_id: int) -> QuerySet[Keeping, tuple[int, str]]:
    """(line, stage of its number) where a number of the customer's must be used soon."""
    found = Keeping.objects.filter(
        customer_id=customer_id, number__stage__in=("inactive_warned", "grace")
    )
    return found.order_by("pk").values_list("pk", "number__stage")


def has_keeping(line_id: int) -> bool:
    """Whether the line keeps a number, waits for one, or did."""
    return Keeping.objects.filter(pk=line_id).exists()


def is_known(line_id: int) -> bool:
    """Whether we know who the owner of the line is."""
    return IdentityCheck.objects.filter(customer__lines=line_id, stage="verified").exists()


def check_of(customer_id: int) -> IdentityCheck | None:
    """The customer's newest identity check."""
    return IdentityCheck.objects.filter(customer_id=customer_id).order_by("-pk").first()


def port_out_code_of(line_id: int, customer_id: int) -> str:
    """The code of a live port-out: a bearer secret, for its owner only. Raises NotAmongYours."""
    found = PortOut.objects.filter(
        keeping_id=line_id, keeping__customer_id=customer_id, stage="issued"
    )
    code = found.values_list("code", flat=True).first()
    if not code:
        raise NotAmongYours(line_id=line_id)
    return code


def waiting_numbers() -> Rows[WaitingNumber]:
    """Wishes that wait for a person, oldest first."""
    verified = IdentityCheck.objects.filter(stage="verified")
    whose = verified.filter(customer_id=OuterRef(OuterRef(OuterRef("customer_id"))))
    accounts = verified.filter(person_sha256__in=whose.values("person_sha256"))
    kept = Keeping.objects.filter(stage="kept", customer_id__in=accounts.values("customer_id"))
    count = kept.order_by().values("stage").annotate(count=Count("pk")).values("count")
    waiting = Keeping.objects.select_related("customer").filter(stage="under_review")
    counted = waiting.annotate(numbers_of_person=Coalesce(Subquery(count), 0))
    return Rows(counted.order_by("asked_at", "pk"), _waiting_number)


def _waiting_number(keeping: Any) -> WaitingNumber:
    return WaitingNumber(
        line_id=keeping.pk,
        customer_number=keeping.customer.number,
        rule=keeping.rule,
        reason=keeping.review_reason,
        asked_at=keeping.asked_at,
        numbers_of_person=keeping.numbers_of_person,
    )


def waiting_checks() -> Rows[WaitingCheck]:
    """Customers who wait for a person, oldest first."""
    waiting = IdentityCheck.objects.select_related("customer").filter(stage="with_a_person")
    return Rows(waiting.order_by("asked_at", "pk"), _waiting_check)


def _waiting_check(check: IdentityCheck) -> WaitingCheck:
    return WaitingCheck(
        check_id=check.pk, customer_number=check.customer.number, asked_at=check.asked_at
    )


# What the clock asks ----------------------------------------------------------------------------


def rule_of(keeping: Keeping, now: datetime) -> Rule:
    """The version of the operator's rule in force now; its first one before that began."""
    versions = keep_alive.versions_of(keeping.rule)
    today = now.astimezone(load_zone(versions[0].zone)).date()
    return keep_alive.in_force(versions, today) or versions[0]


def forecast_of(keeping: Keeping, now: datetime) -> Forecast | None:
    """What becomes of the number if nothing more is done; None before it is given."""
    rule = rule_of(keeping, now)
    acts = [
        Act(kind=kind, happened_at=happened_at)
        for kind, happened_at in keeping.qualifying_acts.values_list("kind", "happened_at")
    ]
    return keep_alive.forecast(acts, rule, load_zone(rule.zone))


def is_automatic(keeping: Keeping, rule: Rule) -> bool:
    """Whether the customer agreed to the act that the rule allows now, at this price or a higher.

    A dearer or another act needs to be agreed to anew: until then none is done.
    """
    if not keeping.automatic_rule or rule.automatic is None:
        return False
    agreed = keep_alive.rule_version(keeping.automatic_rule).automatic
    return (
        agreed is not None
        and (agreed.act, agreed.currency) == (rule.automatic.act, rule.automatic.currency)
        and agreed.cost_minor >= rule.automatic.cost_minor
    )


def kept_lines() -> list[int]:
    """The lines whose number's clock runs."""
    return list(Keeping.objects.filter(stage="kept").order_by("pk").values_list("pk", flat=True))


def kept_lines_of(customer_id: int) -> list[int]:
    """The customer's lines with a number."""
    kept = Keeping.objects.filter(customer_id=customer_id, stage="kept")
    return list(kept.order_by("pk").values_list("pk", flat=True))


def is_ours(e164: str) -> bool:
    """Whether that number is one of those that we give to customers."""
    return Number.objects.filter(e164=e164).exists()


def line_with(e164: str) -> tuple[int, int] | None:
    """(line, customer) that has that number, "+447700900123", now; None when nobody has it.

    A number that was lost may be a stranger's by now: it leads to nobody.
    """
    over = sorted(stages.terminal(stages.NUMBER))
    here = Number.objects.exclude(stage__in=over).filter(e164=e164)
    kept = Keeping.objects.filter(number__in=here, is_live=True)
    return kept.values_list("line_id", "customer_id").first()


def paid_until(line_id: int) -> datetime | None:
    """Until when keeping the line's number is paid."""
    return Keeping.objects.values_list("paid_until", flat=True).get(pk=line_id)


def is_kept(line_id: int) -> bool:
    """Whether the line has a number now."""
    return Keeping.objects.filter(pk=line_id, stage="kept").exists()


def refused_line(line_id: int) -> bool:
    """Whether its number was refused: what was paid goes back."""
    return Keeping.objects.filter(pk=line_id, stage="refused").exists()


def waiting_lines_of(customer_id: int) -> list[int]:
    """The customer's lines that wait until we know who they are."""
    waiting = Keeping.objects.filter(customer_id=customer_id, stage="waiting_for_identity")
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def renewals_to_announce(now: datetime) -> list[Keeping]:
    """Keepings whose paid time ends soon and that are to go on."""
    due = Keeping.objects.filter(
        stage="kept", renews=True, paid_until__gt=now, paid_until__lte=now + RENEWAL_NOTICE
    )
    return list(due.order_by("pk"))


def wanted_keep_alive(keep_alive_id: int) -> WantedAct | None:
    """The automatic act that is still to be done; None when it is over."""
    act = KeepAlive.objects.filter(pk=keep_alive_id, stage="asked").first()
    iccid = _iccid_of(act.keeping_id) if act else ""
    return WantedAct(iccid=iccid, key=act.key, act=act.act) if act and iccid else None


def wanted_port_out(port_out_id: int) -> WantedAct | None:
    """The code that is still to be fetched; None when it is there, or nobody wants it any more."""
    port_out = PortOut.objects.filter(pk=port_out_id, stage="asked").first()
    iccid = _iccid_of(port_out.keeping_id) if port_out else ""
    return WantedAct(iccid=iccid, key=port_out.key) if port_out and iccid else None


def issued_port_outs() -> list[tuple[int, str]]:
    """(line, ICCID) of the numbers that may have moved: their code is out."""
    lines = PortOut.objects.filter(stage="issued").values_list("keeping_id", flat=True)
    return [(line_id, _iccid_of(line_id)) for line_id in lines.order_by("pk")]


def unfinished_numbers(before: datetime) -> tuple[list[int], list[int], list[int]]:
    """(automatic acts, port-outs, identity checks) asked for `before` and not answered."""
    acts = KeepAlive.objects.filter(stage="asked", asked_at__lt=before)
    port_outs = PortOut.objects.filter(stage="asked", asked_at__lt=before)
    checks = IdentityCheck.objects.filter(stage__in=["asked", "started"], asked_at__lt=before)
    return (
        list(acts.order_by("pk").values_list("pk", flat=True)),
        list(port_outs.order_by("pk").values_list("pk", flat=True)),
        list(checks.order_by("pk").values_list("pk", flat=True)),
    )


def _iccid_of(line_id: int) -> str:
    profile = Profile.objects.filter(line_id=line_id, is_live=True).first()
    return (profile.iccid or "") if profile else ""


def _page(keeping: Keeping, now: datetime) -> KeepingPage:
    rule = rule_of(keeping, now)
    number: Number | None = keeping.number
    renewal = keeping.renewal
    is_kept = keeping.stage == "kept"
    return KeepingPage(
        line_id=keeping.pk,
        customer_id=keeping.customer_id,
        stage=keeping.stage,
        number=in_words(number.e164) if number else "",
        number_stage=number.stage if number else "",
        rule=rule,
        zone=rule.zone,
        forecast=forecast_of(keeping, now) if is_kept else None,
        acts=_acts(keeping, rule),
        automatic=rule.automatic,
        is_automatic=is_automatic(keeping, rule),
        paid_until=keeping.paid_until,
        renews=keeping.renews,
        renewal_number=renewal.number if renewal and renewal.paid_at is None else "",
        port_out=_port_out(keeping),
        disconnected_at=number.disconnected_at if number else None,
        quarantine_until=number.quarantine_until if number else None,
    )


def in_words(e164: str) -> str:
    """A number as people of any country can read it: "+44 7700 900123"."""
    return phonenumbers.format_number(
        phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )


def _acts(keeping: Keeping, rule: Rule) -> tuple[ActRow, ...]:
    acts = QualifyingAct.objects.filter(keeping=keeping).order_by("-happened_at", "-pk")[:10]
    return tuple(
        ActRow(
            kind=act.kind,
            happened_at=act.happened_at,
            source=act.source,
            counts=act.kind in ("activation", *rule.qualifying),
        )
        for act in acts
    )


def _port_out(keeping: Keeping) -> PortOutRow | None:
    newest = PortOut.objects.filter(keeping=keeping).order_by("-pk").first()
    if newest is None:
        return None
    return PortOutRow(
        stage=newest.stage,
        asked_at=newest.asked_at,
        expires_at=newest.expires_at,
        has_code=newest.stage == "issued",
    )
