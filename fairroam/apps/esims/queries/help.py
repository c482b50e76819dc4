"""Who may need help: an eSIM is on a phone, and no network has seen it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from fairroam.apps.esims.models import ActivationFact, Profile

UNSEEN_FOR = timedelta(days=1)
ON_A_PHONE = ("installed", "enabled")
SEEN = ("first_attach", "first_usage", "deleted")


def profiles_never_attached(now: datetime) -> list[int]:
    """Profiles that were installed UNSEEN_FOR ago or earlier, never seen since, nor helped."""
    facts = ActivationFact.objects.filter(profile=OuterRef("pk"))
    profiles = Profile.objects.filter(
        Exists(facts.filter(kind__in=ON_A_PHONE, happened_at__lte=now - UNSEEN_FOR)),
        ~Exists(facts.filter(kind__in=SEEN)),
        is_live=True,
        helped_at__isnull=True,
        line__stage="active",
    )
    return list(profiles.order_by("pk").values_list("pk", flat=True))
