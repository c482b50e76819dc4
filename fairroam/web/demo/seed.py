"""`fairroam seed`: the demo's shop and staff; says who can sign in."""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import timedelta

from django.conf import settings

from fairroam.apps.customers import operations as customers
from fairroam.apps.customers.models import User
from fairroam.apps.customers.refusals import StaffAlready
from fairroam.clock import now
from fairroam.web.demo import shop
from fairroam.web.demo.control import set_clock
from fairroam.web.demo.people import CAST, STAFF
from fairroam.web.demo.stories import SCENES


def main(arguments: list[str]) -> int:
    """Furnish the shop; safe to run again."""
    if not User.objects.exists():
        set_clock(timedelta(days=-max(scene.days_ago for scene in SCENES)))
    shop.furnish(now=now())
    for colleague in STAFF:
        with suppress(StaffAlready):
            customers.hire(email=colleague.email, role=colleague.role, now=now())
    lines = [f"  {one.email:<24}{one.name}, {one.story}" for one in (*CAST, *STAFF)]
    sys.stdout.write(
        f"Sign in as one of them with one click: {settings.FAIRROAM_ADDRESS}/demo/\n"
        + "\n".join(lines)
        + "\n"
    )
    return 0
