"""How often an open page of an eSIM asks for news: each second while it is watched, then seldom."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from fairroam.apps.esims import operations as esims
from fairroam.apps.esims.models import Profile
from tests.apps import lines_given
from tests.given import NOON

pytestmark = pytest.mark.usefixtures("catalogue")
WATCHED = timedelta(minutes=4)
LEFT_ALONE = timedelta(minutes=6)


def a_used_line() -> tuple[str, Client]:
    """The address of a line that has been used, and its owner's browser."""
    line = lines_given.a_ready_line()
    profile = Profile.objects.get(line_id=line.pk)
    for kind in ("enabled", "first_usage"):
        esims.record_fact(
            profile_id=profile.pk, kind=kind, happened_at=NOON, source="es2plus", now=NOON
        )
    owner = Client()
    owner.force_login(line.order.customer.user)
    return f"/account/lines/{line.pk}/", owner


def test_a_page_that_was_left_alone_asks_seldom():
    path, owner = a_used_line()
    with time_machine.travel(NOON, tick=False) as clock:
        seen = owner.get(path).context["seen"]
        asked = {"seen": seen, "opened": int(NOON.timestamp())}

        clock.move_to(NOON + WATCHED)
        watched = owner.get(path, asked, headers={"HX-Request": "true"})
        clock.move_to(NOON + LEFT_ALONE)
        alone = owner.get(path, asked, headers={"HX-Request": "true"})

    assert watched.status_code == 204
    assert 'hx-trigger="every 20s"' in alone.content.decode()
    assert f"opened={asked['opened']}" in alone.content.decode()


@pytest.mark.parametrize("opened", ["", "-1", "soon", "9" * 5000])
def test_a_moment_that_no_page_has_sent_counts_as_now(opened: str):
    path, owner = a_used_line()

    page = owner.get(path, {"opened": opened}, headers={"HX-Request": "true"})

    assert 'hx-trigger="every 1s"' in page.content.decode()
