"""Forms without a sign-in that write to a mailbox: one network cannot write to thousands."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client

from fairroam.apps.journal.models import Event

pytestmark = pytest.mark.usefixtures("catalogue")
DOORS = {
    "/contact/": {"subject": "Hello", "words": "Does it work in Japan?"},
    "/code-again/": {"number": "FR-2026-000001"},
    "/trial/": {"plan": "trial-100mb-3d", "residence": "DE"},
    "/withdraw/": {"name": "Ada", "contract": "FR-2026-000001", "step": "confirm"},
}


def send(door: str, number: int, *, network: str = "192.0.2.7") -> tuple[int, str]:
    form = DOORS[door] | {"email": f"somebody-{number}@example.com", "key": str(uuid4())}
    answer = Client().post(door, form, REMOTE_ADDR=network)
    return answer.status_code, answer.content.decode()


def test_a_network_s_mails_are_bounded_over_all_doors_whatever_address_is_typed(settings):
    settings.ACCOUNT_RATE_LIMITS = {"public_mail": "4/10m/ip"}
    assert [send(door, 1)[0] for door in DOORS] == [302] * 4
    told = Event.objects.count()

    for number, door in enumerate(DOORS):
        status, page = send(door, number)
        assert status == 429
        assert "Very much was sent from your network" in page
        assert f"somebody-{number}@example.com" in page  # what was typed stays

    assert Event.objects.count() == told
    assert send("/contact/", 9, network="198.51.100.7")[0] == 302


def test_a_whole_hotel_may_write_at_once():
    assert [send("/code-again/", number)[0] for number in range(12)] == [302] * 12
