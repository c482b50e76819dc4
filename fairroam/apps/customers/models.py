"""People: how they sign in (can be deleted) and who they are to the books (stays, nameless)."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

ROLES = ("agent", "senior", "operator")
OVERSEERS = ("senior", "operator")  # may take over what colleagues have, and confirm for them
RULES = "rules"  # what is decided without a person has a limit, too
# After a change of an address or a factor nothing that leads money away, for so long.
REST = timedelta(hours=72)
FRESH_FOR = timedelta(minutes=10)  # how long a proof of who somebody is holds
PROOFS = ("passkey", "totp", "recovery_code", "mail_code")  # a code by SMS is never enough
GUARDED_KINDS = ("payout_change", "transfer", "closing")
SECURITY_CHANGES = (
    "email_changed",
    "passkey_added",
    "passkey_removed",
    "totp_added",
    "totp_removed",
    "recovery_codes_made",
)


class UserManager(BaseUserManager["User"]):
    """Makes users; an e-mail address is kept in lower case."""

    def create_user(self, email: str, **fields: object) -> User:
        user = User(email=email.strip().lower(), **fields)
        user.set_unusable_password()
        user.save()
        return user

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """Someone who can sign in. Deleted at closing; the customer's row and the books stay."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(null=True)

    objects: ClassVar[UserManager] = UserManager()
    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email_whatever_its_case")
        ]

    def __str__(self) -> str:
        return f"user {self.pk}"


class Customer(models.Model):
    """Whose orders, lines and money these are. Holds no name and no address itself."""

    number = models.CharField(max_length=12, unique=True)  # "C-7K3M-9Q2T", said to people
    user = models.OneToOneField(User, models.SET_NULL, null=True, related_name="customer")
    residence = models.CharField(max_length=6)  # ISO 3166: "DE" or "DE-BY"
    zone = models.CharField(max_length=40)  # IANA
    language = models.CharField(max_length=10, default="en")
    is_open = models.BooleanField(default=True)
    opened_at = models.DateTimeField()
    leaving_at = models.DateTimeField(null=True)  # a closing is under way: nothing new begins
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # Children point here with (customer_id, is_live): none can live under a closed account.
            models.UniqueConstraint(
                fields=["id", "is_open"], name="customer_and_openness_are_a_key"
            ),
            models.CheckConstraint(
                condition=Q(is_open=True, closed_at__isnull=True)
                | Q(is_open=False, closed_at__isnull=False),
                name="a_customer_is_open_or_has_a_closing_time",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class BillingDetails(models.Model):
    """To which business a customer's invoices are made out. Deleted at the closing."""

    customer = models.OneToOneField(
        Customer, models.PROTECT, primary_key=True, related_name="billing"
    )
    company = models.CharField(max_length=120)
    address = models.CharField(max_length=300)  # as it stands on a letter, with its line breaks
    country = models.CharField(max_length=2)  # ISO 3166
    tax_number = models.CharField(max_length=20, default="")  # compact, its check digits looked at
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(company="") & ~Q(address=""), name="a_business_has_name_and_address"
            )
        ]


class StaffPerson(models.Model):
    """A human who works here. Has maybe several logins, and counts once where two must agree."""

    started_at = models.DateTimeField()


class StaffMember(models.Model):
    """A login that may stand at the desk, as what, and since when."""

    user = models.OneToOneField(User, models.SET_NULL, null=True, related_name="staff_member")
    person = models.ForeignKey(StaffPerson, models.PROTECT, related_name="logins")
    role = models.CharField(max_length=10)
    invited_by = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=ROLES), name="a_staff_member_has_a_known_role"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | Q(user__isnull=False),
                name="who_stands_at_the_desk_can_sign_in",
            ),
        ]


class StaffLimit(models.Model):
    """Up to how much a role (or the rules, without a person) may pay back alone.

    The newest row that counts is the limit; older ones say what it was. Who raises a limit of
    their own needs a second person.
    """

    role = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    single_minor = models.BigIntegerField()
    set_by = models.ForeignKey(StaffMember, models.PROTECT, related_name="+")
    set_by_person = models.ForeignKey(StaffPerson, models.PROTECT, related_name="+")
    confirmed_by_person = models.ForeignKey(
        StaffPerson, models.PROTECT, null=True, related_name="+"
    )
    set_at = models.DateTimeField()
    counts_from = models.DateTimeField(null=True)  # null: waits for a second person

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=(*ROLES, RULES)), name="a_limit_is_of_a_known_role"
            ),
            models.CheckConstraint(
                condition=Q(single_minor__gte=0), name="a_limit_is_not_below_nothing"
            ),
            models.CheckConstraint(
                condition=~Q(confirmed_by_person=F("set_by_person")),
                name="two_persons_for_a_limit_of_ones_own",
            ),
        ]


class SecurityChange(models.Model):
    """That an address or a factor of a customer changed, and when; never what it was or is."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="security_changes")
    kind = models.CharField(max_length=20)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=SECURITY_CHANGES), name="a_known_kind_of_security_change"
            )
        ]
        indexes = [models.Index(fields=["customer", "-changed_at"], name="newest_security_change")]


class GuardedAct(models.Model):
    """An act that could lead money or an account away: who it was had been proven just before."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="guarded_acts")
    kind = models.CharField(max_length=16)
    method = models.CharField(max_length=16)
    proven_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)  # the newest security change known then
    acted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=GUARDED_KINDS), name="a_known_kind_of_guarded_act"
            ),
            models.CheckConstraint(
                condition=Q(method__in=PROOFS), name="proven_by_something_that_is_enough"
            ),
            models.CheckConstraint(
                condition=Q(acted_at__gte=F("proven_at"))
                & Q(acted_at__lte=F("proven_at") + FRESH_FOR),
                name="proven_just_before_the_act",
            ),
            models.CheckConstraint(
                condition=Q(changed_at__isnull=True) | Q(acted_at__gte=F("changed_at") + REST),
                name="nothing_guarded_while_an_account_rests",
            ),
        ]


SEEN_GRAIN = timedelta(minutes=5)  # a browser's last sign of life is that exact, to write seldom


class BrowserSession(models.Model):
    """A browser in which somebody is, or was, signed in. Once ended it is never signed in again."""

    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="browser_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    user_agent = models.CharField(max_length=200, default="")  # emptied at the end
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | Q(user__isnull=False),
                name="a_live_session_is_somebodys",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(user_agent=""),
                name="an_ended_session_forgets_the_browser",
            ),
        ]


class StaffInvitation(models.Model):
    """Somebody was invited to the desk by mail; the link works once, until it is ended."""

    email = models.EmailField(default="")  # emptied once it is accepted or ended
    role = models.CharField(max_length=10)
    person = models.ForeignKey(StaffPerson, models.PROTECT, null=True, related_name="+")
    invited_by = models.ForeignKey(StaffMember, models.PROTECT, related_name="+")
    token_digest = models.CharField(max_length=64, unique=True)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(role__in=ROLES), name="an_invitation_is_to_a_known_role"
            ),
            models.CheckConstraint(
                condition=(Q(accepted_at__isnull=True) & Q(ended_at__isnull=True) & ~Q(email=""))
                | ((Q(accepted_at__isnull=False) ^ Q(ended_at__isnull=False)) & Q(email="")),
                name="an_invitation_is_open_accepted_or_ended",
            ),
        ]
