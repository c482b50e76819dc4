"""The wallet's history as it stands, for whoever audits it."""

from __future__ import annotations

from django.db.models import QuerySet

from fairroam.apps.wallet.models import Move


def moves() -> QuerySet[Move]:
    """What came into every lot and left it, the newest first."""
    return Move.objects.select_related("lot").order_by("-pk")
