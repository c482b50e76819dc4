"""How allauth and our customers meet: a code in the mail, in the language of the page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import MultiFernet
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers.models import User
from fairroam.apps.customers.operations.sealing import seal_for
from fairroam.apps.notices.tasks.confidential import NOBODY, Confidential, queue
from fairroam.clock import now
from fairroam.rules.languages import language_of

# What the sign-in library sends -> the mail that it is with us.
KINDS = {
    "account/email/login_code": "customers.sign_in_code",
    "account/email/unknown_account": NOBODY,
}
CODE_FOR = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)


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
    """What secrets of factors are encrypted with."""
    return seal_for("fairroam.factors")


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

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Have a code sent; the answer is the same, and takes as long, whoever was asked for."""
        mail_secret(KINDS[template_prefix], email, code=context.get("code", ""))


def mail_secret(kind: str, email: str, *, until: datetime | None = None, **words: str) -> None:
    """Let the worker mail a code, or a link that works `until` then, in the page's language."""
    queue(
        Confidential(
            kind=kind,
            address=email,
            language=language_of(get_language() or "en"),
            context=words,
            worth_until=(until or now() + CODE_FOR).isoformat(),
        )
    )


@receiver(authentication_step_completed)
def believe_the_code(*, user: User, method: str, email: str = "", **_more: object) -> None:
    """A code that came back has proven its address: no second one is asked for."""
    if method == "code" and email:
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True})
