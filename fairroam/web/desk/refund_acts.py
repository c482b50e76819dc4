"""What each button of a case does: one form, one operation, and what the person reads then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers.models import User
from fairroam.apps.customers.refusals import NotAllowed
from fairroam.apps.esims import tasks as esim_tasks
from fairroam.apps.refunds import operations
from fairroam.apps.refunds.operations import escalating
from fairroam.apps.refunds.refusals import AboveYourLimit
from fairroam.web.desk.refund_forms import (
    ApproveForm,
    AskForm,
    CaseForm,
    DeclineForm,
    HandOverForm,
    OfferForm,
    PlainForm,
    ReplaceForm,
)

TOLD = _("Done. The customer is told now.")
TO_CONFIRM = _("This is above your limit: a second person confirms it now.")
Act = Callable[[int, int, Any, datetime], str | Promise]


def approve(refund_id: int, staff_id: int, form: ApproveForm, now: datetime) -> str | Promise:
    case = {"request_id": refund_id, "staff_user_id": staff_id}
    content = {"goodwill_minor": form.goodwill_minor}
    try:
        operations.approve(**case, **content, now=now)
    except AboveYourLimit:
        operations.propose(**case, act="approve", content=content, words="", now=now)
        return TO_CONFIRM
    return TOLD


def decline(refund_id: int, staff_id: int, form: DeclineForm, now: datetime) -> str | Promise:
    operations.decline(
        request_id=refund_id,
        staff_user_id=staff_id,
        words=form.cleaned_data["words"],
        now=now,
    )
    return TOLD


def offer(refund_id: int, staff_id: int, form: OfferForm, now: datetime) -> str | Promise:
    said = form.cleaned_data
    content = {"kind": said["kind"], "quantity": form.quantity, "hours": said["hours"]}
    try:
        operations.make_offer(
            request_id=refund_id,
            staff_user_id=staff_id,
            words=said["words"],
            now=now,
            **content,
        )
    except AboveYourLimit:
        operations.propose(
            request_id=refund_id,
            staff_user_id=staff_id,
            act="offer",
            content=content,
            words=said["words"],
            now=now,
        )
        return TO_CONFIRM
    return TOLD


def replace(refund_id: int, staff_id: int, form: ReplaceForm, now: datetime) -> str | Promise:
    operations.give_replacement(
        request_id=refund_id,
        staff_user_id=staff_id,
        words=form.cleaned_data["words"],
        capabilities=esim_tasks.line_gateway().capabilities,
        now=now,
    )
    return TOLD


def ask_more(refund_id: int, staff_id: int, form: AskForm, now: datetime) -> str | Promise:
    said = form.cleaned_data
    operations.ask_more(
        request_id=refund_id,
        staff_user_id=staff_id,
        missing=said["missing"],
        words=said["words"],
        now=now,
    )
    return TOLD


def retry(refund_id: int, staff_id: int, form: PlainForm, now: datetime) -> str | Promise:
    operations.retry_payouts(request_id=refund_id, staff_user_id=staff_id, now=now)
    return TOLD


def take_blame(refund_id: int, staff_id: int, form: PlainForm, now: datetime) -> str | Promise:
    operations.take_blame(request_id=refund_id, staff_user_id=staff_id, now=now)
    return _("The rules have decided again, as for an end that is our doing.")


def take(refund_id: int, staff_id: int, form: PlainForm, now: datetime) -> str | Promise:
    operations.take(request_id=refund_id, staff_user_id=staff_id, now=now)
    return _("This case is yours now.")


def hand_over(refund_id: int, staff_id: int, form: HandOverForm, now: datetime) -> str | Promise:
    address = form.cleaned_data["to"]
    found = User.objects.filter(email__iexact=address, is_staff=True).first() if address else None
    if address and found is None:
        raise NotAllowed(role="agent")
    operations.hand_over(
        request_id=refund_id,
        staff_user_id=staff_id,
        to_user_id=found.pk if found else None,
        now=now,
    )
    return _("Handed over.")


def confirm(refund_id: int, staff_id: int, form: PlainForm, now: datetime) -> str | Promise:
    operations.confirm(
        proposal_id=form.cleaned_data["proposal"] or 0, staff_user_id=staff_id, now=now
    )
    return TOLD


def refuse(refund_id: int, staff_id: int, form: PlainForm, now: datetime) -> str | Promise:
    operations.refuse_proposal(
        proposal_id=form.cleaned_data["proposal"] or 0, staff_user_id=staff_id, now=now
    )
    return _("The proposal has fallen. The case stays open.")


def see(refund_id: int, staff_id: int, form: PlainForm, now: datetime) -> str | Promise:
    escalating.see_escalations(request_id=refund_id, staff_user_id=staff_id, now=now)
    return _("Noted.")


ACTS: dict[str, tuple[type[CaseForm], Act]] = {
    "approve": (ApproveForm, approve),
    "decline": (DeclineForm, decline),
    "offer": (OfferForm, offer),
    "replace": (ReplaceForm, replace),
    "ask_more": (AskForm, ask_more),
    "retry": (PlainForm, retry),
    "take_blame": (PlainForm, take_blame),
    "take": (PlainForm, take),
    "hand_over": (HandOverForm, hand_over),
    "confirm": (PlainForm, confirm),
    "refuse": (PlainForm, refuse),
    "see": (PlainForm, see),
}
# After these the person stays with the case.
STAYING = ("take", "take_blame", "refuse", "see")
