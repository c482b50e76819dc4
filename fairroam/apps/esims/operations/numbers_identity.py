"""Know who a customer is: by a provider's check, or by a person at the desk who looks.

What we keep is the answer and a keyed hash that is the same for the same person: enough to count
a person's numbers, and no way back to a name or a document.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers import queries as customer_rows
from fairroam.apps.esims.models import IdentityCheck
from fairroam.apps.esims.operations.numbers_moves import move
from fairroam.apps.esims.refusals import AlreadyKnown, NotYourOwn
from fairroam.apps.journal import operations as journal
from fairroam.apps.journal.refusals import KeyReused, MoveNotAllowed, NotAmongYours
from fairroam.gateways.identity import CheckState, CheckStatus, StartedCheck
from fairroam.rules import stages

OPEN = ("asked", "started", "with_a_person")
CHECK_GOOD_FOR = timedelta(days=7)  # then its page is forgotten, and another can be asked for
MOVES = {
    CheckStatus.VERIFIED: "verify",
    CheckStatus.REFUSED: "refuse",
    CheckStatus.EXPIRED: "expire",
    CheckStatus.UNSURE: "hand_over",
}


@transaction.atomic
def ask_check(*, customer_id: int, key: UUID, by_person: bool, now: datetime) -> IdentityCheck:
    """Begin to check who a customer is; one that is under way goes on.

    by_person: somebody at the desk is to look, also when a provider's check is under way. key: of
    the form; sent again it gives the same check, also one that is over. Raises AccountClosed,
    AlreadyKnown, KeyReused.
    """
    customers.lock_open(customer_id)
    if IdentityCheck.objects.filter(customer_id=customer_id, stage="verified").exists():
        raise AlreadyKnown(customer_id=customer_id)
    same = IdentityCheck.objects.filter(key=key).first()
    if same is not None and same.customer_id != customer_id:
        raise KeyReused(route="identity")
    if same is not None and same.stage not in OPEN:
        return same
    check = IdentityCheck.objects.filter(customer_id=customer_id, stage__in=OPEN).first()
    if check is None:
        check = IdentityCheck.objects.create(customer_id=customer_id, key=key, asked_at=now)
        _tell("identity.asked", check, actor=f"customer:{customer_id}", now=now)
    if by_person and check.stage != "with_a_person":
        move(check, "hand_over", page_url="")
        _tell("identity.handed_over", check, actor=f"customer:{customer_id}", now=now)
    return check


@transaction.atomic
def record_started(*, check_id: int, started: StartedCheck, now: datetime) -> None:
    """The provider's page can be opened."""
    check = _lock(check_id)
    if check.stage == "asked":
        move(check, "start", check_ref=started.check_ref, page_url=started.page_url)
        _tell("identity.started", check, actor="identity", now=now)


@transaction.atomic
def hear_check(*, state: CheckState, now: datetime) -> str:
    """Apply what the provider says of a check, once; what became of it, in one word.

    What ended stays, and what a person looks at is the person's to say.
    """
    found = IdentityCheck.objects.filter(key=state.key).first()
    if found is None or found.check_ref not in ("", state.check_ref):
        return "unknown"
    check = _lock(found.pk)
    name = MOVES.get(state.status)
    if name is None or check.stage not in ("asked", "started"):
        return "ignored"
    if (check.stage, name) not in stages.IDENTITY:
        return "ignored"
    if name == "verify" and not state.person_ref:
        name = "hand_over"  # Verified, but nobody in particular: a person must look.
    person = person_sha256(f"provider:{state.person_ref}") if name == "verify" else ""
    _end(check, name, actor="identity", person=person, now=now)
    return "applied"


@transaction.atomic
def decide_by_person(
    *, check_id: int, staff_user_id: int, document: str, is_right: bool, now: datetime
) -> None:
    """Say that somebody at the desk has seen the person and the document, or did not believe it.

    document: its country and number, as read; kept as a keyed hash only. Raises NotAmongYours,
    NotYourOwn when it is the agent's own account, by whichever login, MoveNotAllowed when it does
    not wait for us.
    """
    if not IdentityCheck.objects.filter(pk=check_id).exists():
        raise NotAmongYours(check_id=check_id)
    check = _lock(check_id)
    owner = customer_rows.customer(check.customer_id).user_id
    if customer_rows.same_person(owner, staff_user_id):
        raise NotYourOwn(check_id=check_id)
    if check.stage != "with_a_person":
        raise MoveNotAllowed(check_id=check_id, stage=check.stage)
    assert document or not is_right
    person = person_sha256("document:" + "".join(document.split()).upper()) if is_right else ""
    name = "verify" if is_right else "refuse"
    _end(check, name, actor=f"staff:{staff_user_id}", person=person, now=now)


@transaction.atomic
def expire_checks(*, now: datetime) -> int:
    """Forget the pages of checks that nobody ended; returns how many. Run it now and then."""
    stale = IdentityCheck.objects.filter(stage="started", asked_at__lt=now - CHECK_GOOD_FOR)
    rows = list(stale.select_for_update(no_key=True, skip_locked=True).order_by("pk"))
    for check in rows:
        _end(check, "expire", actor="system", person="", now=now)
    return len(rows)


def person_sha256(words: str) -> str:
    """A person's hash, keyed by our secret: nobody without it can try names against it."""
    return salted_hmac("fairroam.person", words, algorithm="sha256").hexdigest()


def _end(check: IdentityCheck, name: str, *, actor: str, person: str, now: datetime) -> None:
    is_over = name != "hand_over"
    move(
        check,
        name,
        page_url="",
        person_sha256=person,
        decided_by=actor if is_over else "",
        ended_at=now if is_over else None,
    )
    told = {
        "verify": "identity.verified",
        "refuse": "identity.refused",
        "expire": "identity.expired",
        "hand_over": "identity.handed_over",
    }
    _tell(told[name], check, actor=actor, now=now)


def _lock(check_id: int) -> IdentityCheck:
    return IdentityCheck.objects.select_for_update(no_key=True).get(pk=check_id)


def _tell(kind: str, check: IdentityCheck, *, actor: str, now: datetime) -> None:
    journal.tell(kind, actor=actor, now=now, customer_id=check.customer_id, check_id=check.pk)
