"""`fairroam seed`: the demo's shop and staff; says who can sign in."""

from __future__ import annotations

import sys

from django.conf import settings

from fairroam.apps.customers.models import User
from fairroam.clock import now
from fairroam.web.demo import shop
from fairroam.web.demo.cast import CAST, STAFF


def hire(email: str) -> None:
    """Give the demo's agent a place at the desk."""
    if not User.objects.filter(email=email).exists():
        User.objects.create_user(email, is_staff=True, joined_at=now())


def main(arguments: list[str]) -> int:
    """Furnish the shop; safe to run again."""
    shop.furnish(now=now())
    hire(STAFF)
    lines = [f"  {one.email:<24}{one.name}, {one.story}" for one in CAST]
    sys.stdout.write(
        f"Sign in as one of them with one click: {settings.FAIRROAM_ADDRESS}/demo/\n"
        + "\n".join([*lines, f"  {STAFF:<24}stands at the desk"])
        + "\n"
    )
    return 0
