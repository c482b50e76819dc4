"""How allauth and our customers meet: a code in the mail, in the customer's language."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from fairroam.apps.customers.models import User
from fairroam.clock import now


class MailedCodeAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Sign-in by a code in the mail; there are no passwords."""

    def new_user(self, request: HttpRequest) -> User:
        return User(joined_at=now())

    def get_from_email(self) -> str:
        from django.conf import settings

        sender: str = settings.DEFAULT_FROM_EMAIL
        return sender

    def format_email_subject(self, subject: Any) -> str:
        return str(subject)
