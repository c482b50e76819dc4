"""The doors for carrier and network: what the stand-ins send, as they send it, and worse."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import include, path

from fairroam.apps.esims import operations, queries, tasks
from fairroam.apps.esims.models import CarrierNotice, Profile
from fairroam.apps.metering import queries as metering
from fairroam.apps.metering.models import UsageRecord
from fairroam.apps.metering.tasks import collect_usage
from fairroam.clock import now
from sandbox.hooks import signature
from sandbox.processes import HOOK_SECRET, SandboxProcess
from tests import given
from tests.given import NOON

urlpatterns = [path("hooks/", include("fairroam.web.hooks.urls"))]
pytestmark = [
    pytest.mark.usefixtures("catalogue", "carrier", "network"),
    pytest.mark.urls(__name__),
]
NOTICES = "/hooks/profiles/gsma/rsp2/es2plus/handleDownloadProgressInfo"
USAGE = "/hooks/usage/sandbox"
EID = "89001012012341234012345678901224"


@pytest.fixture
def profile() -> Profile:
    """A profile that is ready to be downloaded."""
    return a_profile(at=NOON)


def a_profile(*, at: datetime) -> Profile:
    line = given.a_paid_line()
    operations.plan_line(
        order_line_id=line.pk,
        customer_id=line.order.customer_id,
        profile_type="travel-data",
        now=at,
    )
    profile = Profile.objects.get(line_id=line.pk)
    tasks.provision(profile_id=profile.pk, now=at)
    profile.refresh_from_db()
    return profile


def sent_about(process: SandboxProcess, profile: Profile) -> list[str]:
    """The bodies that a stand-in sends about this profile, oldest first."""
    events = process.ask("GET", "/_events")["events"]
    return [event["body"] for event in events if profile.iccid in event["body"]]


def play_the_traveller(carrier: SandboxProcess, profile: Profile) -> None:
    """Download, install, switch on and use a quarter of a gigabyte in Japan."""
    code = queries.line_page(profile.line_id, profile.customer_id).code
    assert code is not None
    carrier.ask("POST", "/phone/download", json={"activation_code": code.lpa})
    carrier.ask("POST", "/phone/install", json={"iccid": profile.iccid})
    carrier.ask("POST", "/phone/enable", json={"iccid": profile.iccid, "country": "JP"})
    use = {"iccid": profile.iccid, "bytes": 250_000_000, "country": "JP"}
    carrier.ask("POST", "/phone/use", json=use)


def send_notice(client: Any, body: str | bytes) -> Any:
    return client.post(NOTICES, data=body, content_type="application/json")


def send_usage(
    client: Any, body: str, *, secret: str = HOOK_SECRET, at: float | None = None
) -> Any:
    signed = signature(secret.encode(), body.encode(), int(time.time() if at is None else at))
    return client.post(
        USAGE,
        data=body,
        content_type="application/json",
        headers={"Sandbox-Signature": signed},
    )


def is_problem(answer: Any, status: int, code: str) -> bool:
    return (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
        status,
        "application/problem+json",
        code,
    )


def test_what_the_phone_does_arrives_in_any_order_and_more_than_once(
    client, carrier, network, profile
):
    play_the_traveller(carrier, profile)
    notices, usage = sent_about(carrier, profile), sent_about(network, profile)
    assert len(notices) >= 3
    assert usage

    for body in [*reversed(notices), *notices]:
        answer = send_notice(client, body)
        assert (answer.status_code, answer.content) == (204, b"")
    for body in [*reversed(usage), *usage]:
        assert send_usage(client, body).status_code == 200

    facts = queries.facts_of(profile.line_id)
    assert None not in (
        facts.downloaded_at,
        facts.installed_at,
        facts.enabled_at,
        facts.first_attach_at,
        facts.first_usage_at,
    )
    assert queries.line_state(profile.line_id).profile_stage == "installed"
    assert queries.line_page(profile.line_id, profile.customer_id).code is None
    assert metering.usage_of(profile.line_id).allowances[0].used == 250_000_000
    assert list(metering.find_faults()) == []


def test_what_no_notice_brought_is_found_by_asking(client, carrier, network):
    at = now()  # when the phone and the network live, too
    profile = a_profile(at=at)
    play_the_traveller(carrier, profile)

    counted = collect_usage(now=at)

    assert counted >= len(sent_about(network, profile))
    assert metering.usage_of(profile.line_id).allowances[0].used == 250_000_000
    assert metering.usage_of(profile.line_id).as_of == at
    assert collect_usage(now=at) == 0
    for body in sent_about(network, profile):
        assert send_usage(client, body).json()["counted"] == 0


@pytest.mark.parametrize(
    "words",
    [
        {"notificationPointId": 3, "timestamp": "2026-11-02T13:00:00Z"},
        {"notificationPointId": "3", "timeStamp": "1793624400"},
        {"notificationPointId": "no-such-point", "timestamp": "2026-11-02T13:00:00Z"},
        {"notificationPointId": "x" * 5_000, "timestamp": "y" * 5_000},
        {"notificationPointId": "\x00", "eid": "\x00"},
        {"notificationPointId": {"odd": []}, "timestamp": None},
        {},
    ],
)
def test_vendors_write_notices_in_their_own_ways_and_all_are_kept(client, profile, words):
    body = json.dumps({"iccid": f"{profile.iccid}F", "profileType": "P1"} | words)

    for _ in range(2):
        answer = send_notice(client, body)
        assert (answer.status_code, answer.content) == (204, b"")

    assert CarrierNotice.objects.filter(iccid=profile.iccid).count() == 1
    is_download = words.get("notificationPointId") in (3, "3")
    told = queries.facts_of(profile.line_id).downloaded_at
    assert told == (datetime(2026, 11, 2, 13, tzinfo=UTC) if is_download else None)


def test_a_notice_about_nobody_is_kept(client):
    body = json.dumps({"iccid": "8999900000000000999", "notificationPointId": 3, "eid": EID})

    assert send_notice(client, body).status_code == 204
    assert CarrierNotice.objects.get().eid == EID


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"iccid": 7}', b"{}", b"\xff" * 9])
def test_what_is_no_notice_is_refused_in_words_for_programs(client, body):
    assert is_problem(send_notice(client, body), 400, "bad-notice")
    assert not CarrierNotice.objects.exists()


def usage_of(profile: Profile, **words: Any) -> str:
    record = {
        "record_id": "rec-1",
        "iccid": profile.iccid,
        "kind": "data",
        "quantity": 10**9,
        "started_at": "2026-11-02T13:00:00Z",
        "ended_at": "2026-11-02T13:05:00Z",
        "country": "JP",
        "operator": "Example Mobile",
    }
    return json.dumps({"source": "sandbox", "records": [record | words]})


def test_a_conflicting_record_is_accepted_and_waits_for_a_person(client, profile):
    assert send_usage(client, usage_of(profile)).json()["counted"] == 1

    answer = send_usage(client, usage_of(profile, quantity=1))

    assert (answer.status_code, answer.json()["quarantined"]) == (200, 1)
    assert metering.usage_of(profile.line_id).allowances[0].used == 10**9


@pytest.mark.parametrize(
    ("words", "sent", "status", "code"),
    [
        ({}, {"secret": "somebody else's"}, 401, "bad-signature"),
        ({}, {"at": 0}, 401, "stale"),
        ({"quantity": -1}, {}, 422, "usage-not-understood"),
        ({"iccid": "7"}, {}, 422, "usage-not-understood"),
    ],
)
def test_what_the_network_did_not_say_changes_nothing(client, profile, words, sent, status, code):
    answer = send_usage(client, usage_of(profile, **words), **sent)

    assert is_problem(answer, status, code)
    assert not UsageRecord.objects.exists()


def test_one_changed_byte_breaks_the_signature(client, profile):
    body = usage_of(profile)
    signed = signature(HOOK_SECRET.encode(), body.encode(), int(time.time()))

    answer = client.post(
        USAGE,
        data=body + " ",
        content_type="application/json",
        headers={"Sandbox-Signature": signed},
    )

    assert is_problem(answer, 401, "bad-signature")


def test_a_zero_byte_breaks_nothing(client, profile):
    body = usage_of(profile, operator="Example\0 Mobile", record_id="rec\0-1")

    assert [send_usage(client, body).json()["counted"] for _ in range(2)] == [1, 0]


def test_a_network_that_we_do_not_know_has_no_door(client):
    answer = client.post("/hooks/usage/elsewhere", data="{}", content_type="application/json")

    assert is_problem(answer, 404, "not-found")
