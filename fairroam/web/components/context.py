"""What every page may show: the brand and the official address."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from fairroam.apps.catalogue import queries as catalogue


def brand(request: HttpRequest) -> dict[str, Any]:
    """The seller, our official address, and whether demo doors are open."""
    return {
        "brand": catalogue.brand(),
        "official_address": settings.FAIRROAM_ADDRESS,
        "is_demo": settings.FAIRROAM_ENVIRONMENT == "demo",
        "mail_reader_url": settings.FAIRROAM_MAIL_READER_URL,
    }
