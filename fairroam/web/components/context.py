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


def room_of(request: HttpRequest) -> str:
    """Which part of the main menu leads here: plans, account or desk; "" for none of them."""
    match = getattr(request, "resolver_match", None)
    if match is None or match.app_name in ("account", "desk"):
        return match.app_name if match else ""
    return "plans" if match.view_name == "site:plans" else ""


def brand(request: HttpRequest) -> dict[str, Any]:
    """The seller, our official address, and whether demo doors are open.

    edition: changes with all that is the same for everybody, such as the brand.
    """
    return {
        "brand": SimpleLazyObject(catalogue.brand),  # parts of pages do not name it
        "edition": SimpleLazyObject(catalogue.edition),
        "room": room_of(request),
        "official_address": settings.FAIRROAM_ADDRESS,
        "is_demo": settings.FAIRROAM_ENVIRONMENT == "demo",
        "kept_under": kept_under(request),
        "mail_reader_url": settings.FAIRROAM_MAIL_READER_URL,
    }
