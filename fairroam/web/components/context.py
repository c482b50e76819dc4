"""What every page may show: the brand and the official address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.functional import SimpleLazyObject

from fairroam.apps.catalogue import queries as catalogue


def kept_under(request: HttpRequest) -> str:
    """Under which name this browser keeps pages of who is signed in; "" for visitors."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""
    return salted_hmac("fairroam.kept", str(user.pk), algorithm="sha256").hexdigest()[:16]


def brand(request: HttpRequest) -> dict[str, Any]:
    """The seller, our official address, and whether demo doors are open."""
    return {
        "brand": SimpleLazyObject(catalogue.brand),  # parts of pages do not name it
        "official_address": settings.FAIRROAM_ADDRESS,
        "is_demo": settings.FAIRROAM_ENVIRONMENT == "demo",
        "kept_under": kept_under(request),
        "mail_reader_url": settings.FAIRROAM_MAIL_READER_URL,
    }
