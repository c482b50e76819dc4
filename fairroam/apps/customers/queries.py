"""Reads of people."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model, Q
from django.db.models.functions import Lower

from fairroam.apps.customers.models import (
    REST,
    ROLES,
    RULES,
    SEEN_GRAIN,
    BillingDetails,
    BrowserSession,
    Customer,
    SecurityChange,
    StaffInvitation,
    StaffLimit,
    StaffMember,
    User,
)
from fairroam.apps.journal.queries.planned import ask
from fairroam.rules.mailboxes import mailbox

# Up to how much (minor units) each may pay back alone until an operator sets another limit.
# They are worth about the same in every currency; in one that is not named nobody decides alone.
FIRST_LIMITS = {
    RULES: dict(EUR=10000, USD=10000, GBP=9000, CNY=80000, HKD=80000, JPY=15000, KWD=30000),
    "agent": dict(EUR=20000, USD=20000, GBP=18000, CNY=160000, HKD=160000, JPY=30000, KWD=60000),
    "senior": dict(
        EUR=100000, USD=100000, GBP=90000, CNY=800000, HKD=800000, JPY=150000, KWD=300000
    ),
    "operator": dict(
        EUR=500000, USD=500000, GBP=450000, CNY=4000000, HKD=4000000, JPY=750000, KWD=1500000
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffRow:
    """Somebody who may stand at the desk now. person_id: the human behind maybe several logins."""

    staff_id: int
    user_id: int
    person_id: int
    role: str  # "agent", "senior" or "operator"
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody showed who they are (one of PROOFS), and when."""

    method: str
    proven_at: datetime


def billing_of(customer_id: int) -> BillingDetails | None:
    """The business that the customer's invoices are made out to, if any."""
    return BillingDetails.objects.filter(pk=customer_id).first()


def customer(customer_id: int) -> Customer:
    """The customer of that id."""
    return Customer.objects.select_related("user").get(pk=customer_id)


def customer_of_user(user_id: int) -> Customer | None:
    """Who this sign-in belongs to; None for staff who never bought anything."""
    return Customer.objects.select_related("user").filter(user_id=user_id).first()


def address_of(customer_id: int) -> str | None:
    """Where mail for this customer goes; None once the account is closed."""
    user = customer(customer_id).user
    return user.email if user else None


def customer_by_number(number: str) -> int | None:
    """The id of the customer of that number, "C-7K3M-9Q2T"; None when there is none."""
    return Customer.objects.filter(number=number).values_list("pk", flat=True).first()


def customer_by_address(address: str) -> int | None:
    """The id of the open account that signs in with this address; None when there is none."""
    # By the very expression of the index of addresses; `iexact` would read the whole table.
    users = User.objects.annotate(lower=Lower("email")).filter(lower=address.strip().lower())
    theirs = Customer.objects.filter(user__in=users.values("pk"), is_open=True)
    return theirs.values_list("pk", flat=True).first()


def addresses_of_users(user_ids: Collection[int]) -> dict[int, str]:
    """The addresses that these logins sign in with, of those that still have one."""
    found = User.objects.filter(pk__in=user_ids).exclude(email="")
    return dict(found.values_list("pk", "email"))


def staff_member(user_id: int) -> StaffRow | None:
    """Who this login is at the desk; None for customers, and for staff who have left."""
    live = StaffMember.objects.filter(user_id=user_id, ended_at__isnull=True, user__is_active=True)
    member = live.first()
    return None if member is None else staff_row(member)


def staff_row(member: StaffMember) -> StaffRow:
    assert member.user_id is not None
    return StaffRow(
        staff_id=member.pk,
        user_id=member.user_id,
        person_id=member.person_id,
        role=member.role,
        joined_at=member.joined_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueRow:
    """A login at the desk as operators see it."""

    staff: StaffRow
    email: str
    has_second_factor: bool


def team() -> list[ColleagueRow]:
    """Everybody at the desk; logins of one person beside each other."""
    live = StaffMember.objects.filter(ended_at__isnull=True).select_related("user")
    factors = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    with_factor = set(factors.filter(user__staff_member__in=live).values_list("user_id", flat=True))
    return [
        ColleagueRow(
            staff=staff_row(member),
            email=member.user.email,
            has_second_factor=member.user_id in with_factor,
        )
        for member in live.order_by("person_id", "pk")
        if member.user is not None
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationRow:
    """An invitation that waits for its click."""

    invitation_id: int
    email: str
    role: str
    expires_at: datetime


def open_invitations(now: datetime) -> list[InvitationRow]:
    """Who was invited and has not come yet, newest first."""
    rows = StaffInvitation.objects.filter(accepted_at=None, ended_at=None, expires_at__gt=now)
    return [
        InvitationRow(
            invitation_id=row.pk, email=row.email, role=row.role, expires_at=row.expires_at
        )
        for row in rows.order_by("-pk")
    ]


def open_invitation(token: str, now: datetime) -> StaffInvitation | None:
    """The invitation that this link opens.

    None for a link that is unknown, used, ended or too old, also when who sent it has left or is
    no operator any more.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    return StaffInvitation.objects.filter(
        token_digest=digest,
        accepted_at=None,
        ended_at=None,
        expires_at__gt=now,
        invited_by__ended_at=None,
        invited_by__role="operator",
    ).first()


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """A limit that waits for a second person."""

    limit_id: int
    role: str
    currency: str
    single_minor: int
    set_by: str
    set_at: datetime


def limits() -> dict[str, list[tuple[str, int]]]:
    """Per role, (currency, minor units) of every currency that anybody has a limit in."""
    set_ones = StaffLimit.objects.values_list("currency", flat=True)
    currencies = sorted({*FIRST_LIMITS[RULES], *set_ones})
    return {
        role: [(currency, limit(role, currency)) for currency in currencies]
        for role in (RULES, *ROLES)
    }


def waiting_limits() -> list[LimitRow]:
    """Limits that count once a second person agrees, oldest first."""
    rows = StaffLimit.objects.filter(counts_from=None).select_related("set_by__user")
    return [
        LimitRow(
            limit_id=row.pk,
            role=row.role,
            currency=row.currency,
            single_minor=row.single_minor,
            set_by=row.set_by.user.email if row.set_by.user else "",
            set_at=row.set_at,
        )
        for row in rows.order_by("pk")
    ]


def limit(role: str, currency: str) -> int:
    """Up to how many minor units `role` (or "rules") may pay back alone; 0 where nothing is set."""
    rows = StaffLimit.objects.filter(role=role, currency=currency, counts_from__isnull=False)
    newest = rows.order_by("-counts_from", "-pk").values_list("single_minor", flat=True).first()
    return FIRST_LIMITS.get(role, {}).get(currency, 0) if newest is None else newest


def same_person(user_a: int | None, user_b: int) -> bool:
    """Whether two logins are one human, as far as we know: then they are one pair of eyes.

    So are logins of one colleague, and logins whose mail goes to one mailbox: somebody who works
    here may be a customer, too, by another address of theirs. None, the login of an account that
    has closed, is nobody.
    """
    if user_a is None:
        return False
    return user_a == user_b or not mailboxes_of([user_a]).isdisjoint(mailboxes_of([user_b]))


def mailboxes_of(user_ids: Collection[int]) -> set[str]:
    """The mailboxes of these logins, and of all other logins of the same colleagues."""
    persons = StaffMember.objects.filter(user_id__in=user_ids).values("person_id")
    logins = User.objects.filter(Q(pk__in=user_ids) | Q(staff_member__person_id__in=persons))
    return {mailbox(email) for email in logins.values_list("email", flat=True) if email}


def has_second_factor(customer_id: int) -> bool:
    """Whether the customer can prove more than that they read their mail."""
    return user_has_second_factor(customer(customer_id).user_id)


def user_has_second_factor(user_id: int | None) -> bool:
    """Whether this login has a passkey or a code generator; recovery codes alone are none."""
    factors = Authenticator.objects.filter(user_id=user_id)
    return factors.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRow:
    """A browser that is signed in. user_agent: what it says of itself, may be anything."""

    session_id: int
    user_agent: str
    started_at: datetime
    seen_at: datetime
    is_this: bool


def browsers_of(user_id: int, *, this: str | None, now: datetime) -> list[BrowserRow]:
    """Where the user is signed in, lately seen first; `this` is the key of the asker's session."""
    kept = Session.objects.filter(expire_date__gt=now).values("session_key")
    rows = BrowserSession.objects.filter(user_id=user_id, ended_at=None, session_key__in=kept)
    return [
        BrowserRow(
            session_id=row.pk,
            user_agent=row.user_agent,
            started_at=row.started_at,
            seen_at=row.seen_at,
            is_this=row.session_key == this,
        )
        for row in rows.order_by("-seen_at", "-pk")
    ]


def live_sessions(session_keys: Collection[str]) -> set[str]:
    """Those of these browsers in which somebody is signed in."""
    found = BrowserSession.objects.filter(session_key__in=session_keys, ended_at=None)
    return set(found.values_list("session_key", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A session, and who came with it as far as their browser was noted."""

    session: Session
    browser: BrowserSession | None
    user: User | None
    customer: Customer | None
    beside: Any = None  # what was asked with it

    def is_noted(self, now: datetime) -> bool:
        """Whether the browser is known to be signed in, and was seen so just now."""
        browser = self.browser
        if browser is None or browser.user_id is None or browser.ended_at is not None:
            return False
        return now - browser.seen_at < SEEN_GRAIN


def _columns(model: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


VISITED: dict[str, type[Model]] = {
    "session": Session,
    "browser": BrowserSession,
    "user": User,
    "customer": Customer,
}
VISIT = f"""
    SELECT {", ".join(_columns(model, name[0]) for name, model in VISITED.items())}, ({{beside}})
      FROM django_session s
      LEFT JOIN customers_browsersession b ON b.session_key = s.session_key
      LEFT JOIN customers_user u ON u.id = b.user_id
      LEFT JOIN customers_customer c ON c.user_id = u.id
     WHERE s.session_key = %s AND s.expire_date > %s
"""  # noqa: S608 - names of our own columns


def visit(session_key: str, now: datetime, *, beside: str = "SELECT NULL") -> Visit | None:
    """The session of that key, if it has not expired, with all that every page asks of it.

    beside: a statement for one value, which comes along.
    """
    found = ask(VISIT.format(beside=beside), session_key, now)()
    if not found:
        return None
    values = list(found[0])
    rows: dict[str, Any] = {}
    for name, model in VISITED.items():
        names = [field.attname for field in model._meta.concrete_fields]
        row, values = dict(zip(names, values, strict=False)), values[len(names) :]
        is_there = row[model._meta.pk.attname] is not None
        rows[name] = model.from_db(DEFAULT_DB_ALIAS, names, row.values()) if is_there else None
    if rows["customer"]:
        rows["customer"].user = rows["user"]
    return Visit(**rows, beside=values[0])


def was_session(session_key: str) -> bool:
    """Whether somebody was once signed in by this key."""
    return BrowserSession.objects.filter(session_key=session_key).exists()


def last_security_change(customer_id: int) -> datetime | None:
    """When an address or a factor of the customer changed last."""
    rows = SecurityChange.objects.filter(customer_id=customer_id).order_by("-changed_at")
    return rows.values_list("changed_at", flat=True).first()


def rests_until(customer_id: int, now: datetime) -> datetime | None:
    """Until when nothing leads money away, since an address or a factor changed; None: no rest."""
    changed_at = last_security_change(customer_id)
    if changed_at is None or now >= changed_at + REST:
        return None
    return changed_at + REST


def find_faults() -> Iterator[str]:
    """What contradicts the books of people."""
    live = StaffMember.objects.filter(ended_at__isnull=True)
    for pk in live.exclude(user__is_staff=True).values_list("pk", flat=True):
        yield f"staff member {pk} stands at the desk, but the login is none of staff"
    ended = StaffMember.objects.filter(ended_at__isnull=False, user__is_staff=True)
    for pk in ended.values_list("pk", flat=True):
        yield f"staff member {pk} has left, but the login is still one of staff"
