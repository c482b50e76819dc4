"""How allauth and our customers meet: a code in the mail, in the language of the page."""

from __future__ import annotations

import hashlib
import logging
from base64 import urlsafe_b64encode
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.encoding import force_bytes
from django.utils.translation import gettext_lazy as _

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.closures import queries as closures
from fairroam.apps.customers.models import User
from fairroam.clock import now

UNKNOWN = "account/email/unknown_account"

log = logging.getLogger(__name__)


class SealedFactors(DefaultMFAAdapter):
    """Passkeys, code generators and recovery codes; what is secret is kept under our own key."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This is not right. Try again; a code works once."),
    }

    def encrypt(self, text: str) -> str:
        return seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return seal().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return str(catalogue.brand().name)

    def _get_site_name(self) -> str:
        return str(catalogue.brand().name)


def seal() -> MultiFernet:
    """What secrets of factors are encrypted with: the newest key, readable with former ones."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    derived = [hashlib.sha256(b"fairroam.factors:" + force_bytes(key)).digest() for key in keys]
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in derived])


class MailedCodeAdapter(DefaultAccountAdapter):
    """Sign-in by a code in the mail; there are no passwords."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": _("This is not the code in the newest mail. Look there once more."),
        "rate_limited": _("That was very often. Wait some minutes, then try again."),
        "too_many_login_attempts": _("That was very often. Wait some minutes, then try again."),
    }

    def add_message(self, *_words: object, **_more: object) -> None:
        """Say nothing beside the page: it would say that a mail went out where none did."""

    def is_reauthentication_required(self, *, app: str, **_more: object) -> bool:
        """No: the pages of factors ask for it themselves, see `step_up` and `security_urls`."""
        return False

    def new_user(self, request: HttpRequest) -> User:
        return User(joined_at=now())

    def format_email_subject(self, subject: str) -> str:
        return subject.strip()

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a code; to who closed their account, when that was; to who never came, nothing.

        A mail server that is down changes nothing: the page offers another.
        """
        if template_prefix == UNKNOWN:
            closed_at = closures.closed_on(email, now())
            if closed_at is None:
                return
            context = {**context, "closed_at": closed_at}
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            log.exception("a sign-in mail could not be sent")


@receiver(authentication_step_completed)
def believe_the_code(*, user: User, method: str, email: str = "", **_more: object) -> None:
    """A code that came back has proven its address: no second one is asked for."""
    if method == "code" and email:
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True})
