"""The public page of failures, and its feed."""

from __future__ import annotations

from datetime import timedelta
from xml.etree import ElementTree

import pytest

from fairroam.clock import now
from tests.apps.incidents_given import an_outage

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.mark.promise(17)
def test_anybody_sees_where_and_since_when_the_network_fails_and_who_says_so(client):
    at = now().replace(microsecond=0)
    an_outage(at - timedelta(hours=5), None, stage="suspected")
    an_outage(at - timedelta(days=3), at - timedelta(days=2), countries=["KR"], operators=["KT"])

    page = client.get("/status/").content.decode()

    going_on, over = page.split("Over</h2>")
    assert "Japan" in going_on
    assert "suspected" in going_on
    assert "https://status.example/42" in going_on
    assert "South Korea" in over
    assert "KT" in over
    chinese = client.get("/status/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "日本没有数据网络。" in chinese
    feed = ElementTree.fromstring(client.get("/status/feed/").content)
    entries = feed.findall("{http://www.w3.org/2005/Atom}entry")
    assert len(entries) == 2


def test_a_calm_network_is_said_to_be_calm(client):
    assert "We know of no failure" in client.get("/status/").content.decode()
