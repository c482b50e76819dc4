"""How allauth and our customers meet: a code in the mail, in the language of the page."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed
from django.conf import settings
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from fairroam.apps.customers.models import User
from fairroam.clock import now

log = logging.getLogger(__name__)


class MailedCodeAdapter(DefaultAccountAdapter):
    """Sign-in by a code in the mail; there are no passwords."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "incorrect_code": _("This is not the code in the newest mail. Look there once more."),
        "rate_limited": _("That was very often. Wait some minutes, then try again."),
    }

    def add_message(self, *_words: object, **_more: object) -> None:
        """Say nothing beside the page: it would say that a mail went out where none did."""

    def new_user(self, request: HttpRequest) -> User:
        return User(joined_at=now())

    def format_email_subject(self, subject: str) -> str:
        return subject.strip()

    def get_from_email(self) -> str:
        return settings.DEFAULT_FROM_EMAIL

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a code. A mail server that is down changes nothing: the page offers another."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError):
            log.exception("a sign-in mail could not be sent")


@receiver(authentication_step_completed)
def believe_the_code(*, user: User, method: str, email: str = "", **_more: object) -> None:
    """A code that came back has proven its address: no second one is asked for."""
    if method == "code" and email:
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True})
