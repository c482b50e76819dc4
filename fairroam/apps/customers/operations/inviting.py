"""Invite colleagues to the desk by mail: the link is theirs alone, works once, and ends."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from fairroam.apps.customers import queries
from fairroam.apps.customers.models import ROLES, StaffInvitation, StaffMember
from fairroam.apps.customers.operations.staffing import hire, refuse_unless_operator
from fairroam.apps.customers.refusals import InvitationEnded
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import NotAmongYours

OPEN_FOR = timedelta(hours=72)


@transaction.atomic
def invite(
    *, email: str, role: str, by: int, now: datetime, person_id: int | None = None
) -> tuple[StaffInvitation, str]:
    """Invite an address as `role`; the invitation and the secret of its link, kept nowhere.

    person_id: when it is another login of somebody who works here. Raises NotAllowed.
    """
    assert role in ROLES, role
    operator = refuse_unless_operator(by)
    token = secrets.token_urlsafe(32)
    invitation = StaffInvitation.objects.create(
        email=email.strip().lower(),
        role=role,
        person_id=person_id,
        invited_by=operator,
        token_digest=digest(token),
        invited_at=now,
        expires_at=now + OPEN_FOR,
    )
    tell("staff.invited", invitation, by=operator, now=now)
    return invitation, token


@transaction.atomic
def accept_invitation(*, token: str, now: datetime) -> StaffMember:
    """Who holds the link joins the desk; they still sign in with a code out of that mailbox.

    Raises InvitationEnded for a link that is unknown, used, ended or too old, also when who sent
    it has left or is no operator any more; StaffAlready, StaffLeaving.
    """
    rows = StaffInvitation.objects.select_for_update(no_key=True)
    rows.filter(token_digest=digest(token)).first()
    invitation = queries.open_invitation(token, now)
    if invitation is None:
        raise InvitationEnded
    member = hire(
        email=invitation.email,
        role=invitation.role,
        person_id=invitation.person_id,
        invited_by=invitation.invited_by_id,
        now=now,
    )
    invitation.accepted_at, invitation.email = now, ""
    invitation.save(update_fields=["accepted_at", "email"])
    return member


@transaction.atomic
def end_invitation(*, invitation_id: int, by: int, now: datetime) -> None:
    """Let a link open nothing any more, at once. Raises NotAllowed, NotAmongYours."""
    rows = StaffInvitation.objects.select_for_update(no_key=True)
    invitation = rows.filter(pk=invitation_id, accepted_at=None, ended_at=None).first()
    operator = refuse_unless_operator(by)
    if invitation is None:
        raise NotAmongYours(invitation_id=invitation_id)
    invitation.ended_at, invitation.email = now, ""
    invitation.save(update_fields=["ended_at", "email"])
    tell("staff.invitation_ended", invitation, by=operator, now=now)


@transaction.atomic
def end_expired(*, now: datetime) -> int:
    """End invitations that nobody took up in time: their addresses go. How many."""
    rows = StaffInvitation.objects.select_for_update(no_key=True).order_by("pk")
    expired = list(rows.filter(accepted_at=None, ended_at=None, expires_at__lte=now))
    for invitation in expired:
        invitation.ended_at, invitation.email = now, ""
        invitation.save(update_fields=["ended_at", "email"])
        journal.tell(
            "staff.invitation_ended",
            actor="system",
            now=now,
            invitation_id=invitation.pk,
            role=invitation.role,
        )
    return len(expired)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def tell(kind: str, invitation: StaffInvitation, *, by: StaffMember, now: datetime) -> None:
    journal.tell(
        kind,
        actor=f"staff:{by.user_id}",
        now=now,
        invitation_id=invitation.pk,
        role=invitation.role,
    )
