"""People: how they sign in (can be deleted) and who they are to the books (stays, nameless)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


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
