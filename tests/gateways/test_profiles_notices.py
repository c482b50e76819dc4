"""Progress notices of profile servers: read in all their forms, and kept in any order.

What they end in is asked of our own tables, after the same bytes that a carrier would send.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from fairroam.apps.esims import operations, queries
from fairroam.apps.esims.models import CarrierNotice, Profile
from fairroam.apps.journal.models import Event
from fairroam.gateways.profiles import BadNotice, NoticeKind
from fairroam.gateways.profiles.es2plus import connect
from tests.apps import lines_given
from tests.given import NOON

EID = "89001012012341234012345678901224"
READER = connect(url="http://127.0.0.1:9", requester="r")


def notice(**changes: object) -> bytes:
    told = {
        "header": {"functionRequesterIdentifier": "smdp-1", "functionCallIdentifier": "FCI-1"},
        "eid": EID,
        "iccid": "8988211000000000017F",
        "profileType": "P1",
        "timestamp": "2026-11-22T05:50:00Z",
        "notificationPointId": 3,
        "notificationPointStatus": {"status": "Executed-Success"},
    } | changes
    return json.dumps({name: value for name, value in told.items() if value != "ABSENT"}).encode()


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        (1, NoticeKind.ELIGIBILITY),
        ("1", NoticeKind.ELIGIBILITY),
        (2, NoticeKind.CONFIRMATION_FAILED),
        (3, NoticeKind.DOWNLOADED),
        ("4", NoticeKind.INSTALLED),
        ("5", NoticeKind.DELETED),
        ("101", NoticeKind.ENABLED),
        (102, NoticeKind.DISABLED),
        (77, NoticeKind.UNKNOWN),
        ("x", NoticeKind.UNKNOWN),
        ("ABSENT", NoticeKind.UNKNOWN),
        ([3], NoticeKind.UNKNOWN),
    ],
)
def test_points_are_read_as_numbers_and_as_text_and_never_refused(point, kind):
    read = READER.parse_progress(body=notice(notificationPointId=point), headers={})

    assert read.kind == kind
    assert read.iccid == "8988211000000000017"
    assert read.eid == EID
    assert read.succeeded


@pytest.mark.parametrize(
    ("times", "moment"),
    [
        ({"timestamp": "2026-11-22T05:50:00Z"}, datetime(2026, 11, 22, 5, 50, tzinfo=UTC)),
        ({"timestamp": "2026-11-22T06:50:00+01:00"}, datetime(2026, 11, 22, 5, 50, tzinfo=UTC)),
        ({"timestamp": "2026-11-22T05:50:00"}, datetime(2026, 11, 22, 5, 50, tzinfo=UTC)),
        ({"timestamp": 1795326600}, datetime(2026, 11, 22, 5, 50, tzinfo=UTC)),
        ({"timestamp": "1795326600000"}, datetime(2026, 11, 22, 5, 50, tzinfo=UTC)),
        (
            {"timestamp": "ABSENT", "timeStamp": "1795326600"},
            datetime(2026, 11, 22, 5, 50, tzinfo=UTC),
        ),
        ({"timestamp": "ABSENT"}, None),
        ({"timestamp": "yesterday"}, None),
        ({"timestamp": True}, None),
        ({"timestamp": 10**30}, None),
        ({"timestamp": "0001-01-01T00:00:00+14:00"}, None),
    ],
)
def test_times_come_in_many_forms(times, moment):
    assert READER.parse_progress(body=notice(**times), headers={}).happened_at == moment


@pytest.mark.parametrize(
    ("status", "succeeded"),
    [
        ({"status": "Executed-Success"}, True),
        ({"status": "Executed-WithWarning"}, True),
        ({"status": "Failed", "statusCodeData": {"subjectCode": "8.1"}}, False),
        ({"status": "Expired"}, False),
        ("Failed", False),
        ("ABSENT", True),
        ({}, True),
    ],
)
def test_only_a_plain_failure_is_a_failure(status, succeeded):
    body = notice(notificationPointStatus=status)

    assert READER.parse_progress(body=body, headers={}).succeeded == succeeded


def test_copies_of_a_notice_have_one_key_and_others_another():
    def key(**changes: object) -> str:
        return READER.parse_progress(body=notice(**changes), headers={}).key

    repeat = key(header={"functionCallIdentifier": "FCI-2"}, iccid="8988211000000000017")
    assert key() == repeat
    different = [
        key(),
        key(eid="ABSENT"),
        key(notificationPointId=4),
        key(timestamp="2026-11-22T05:50:01Z"),
        key(iccid="8988211000000000025"),
    ]
    assert len(set(different)) == len(different)


@pytest.mark.parametrize(
    ("body", "headers", "field"),
    [
        (b"", {}, "json"),
        (b"[]", {}, "json"),
        (b"[" * 100_000, {}, "json"),
        (b"\xff", {}, "json"),
        (notice(iccid="ABSENT"), {}, "iccid"),
        (notice(iccid="12"), {}, "iccid"),
        (notice(), {"x-admin-protocol": "gsma/rsp/v9.0.0"}, "X-Admin-Protocol"),
    ],
)
def test_what_is_no_notice_is_named(body, headers, field):
    with pytest.raises(BadNotice, match=field):
        READER.parse_progress(body=body, headers=headers)


def test_any_second_version_of_the_protocol_is_heard():
    for version in ("v2.0.0", "v2.2.1", "v2.5.0"):
        headers = {"X-Admin-Protocol": f"gsma/rsp/{version}"}
        assert READER.parse_progress(body=notice(), headers=headers).kind == "downloaded"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)


@given(point=anything, status=anything, time=anything, eid=anything)
def test_no_content_of_a_notice_about_a_profile_is_refused(point, status, time, eid):
    body = notice(
        notificationPointId=point, notificationPointStatus=status, timestamp=time, eid=eid
    )

    assert READER.parse_progress(body=body, headers={}).iccid == "8988211000000000017"


@pytest.mark.parametrize("half", ["\ud800", "a\ud83d"])
def test_halves_of_characters_become_what_a_database_can_keep(half):
    body = notice(eid=half, notificationPointId=half, timestamp=half)

    read = READER.parse_progress(body=body, headers={})

    assert (read.eid or "").encode() + read.point.encode() + read.key.encode()
    assert "?" in read.point


@st.composite
def told_once(draw) -> dict[str, object]:
    """One notice about a phone that keeps its chip: any point, time, form and outcome."""
    point = draw(st.sampled_from([1, 2, 3, 4, 5, 101, 102, "x"]))
    moment = NOON + timedelta(minutes=draw(st.integers(0, 5)))
    seconds = int(moment.timestamp())
    time = draw(st.sampled_from([moment.isoformat(), seconds, str(seconds * 1000), None]))
    return {
        "notificationPointId": draw(st.sampled_from([point, str(point)])),
        draw(st.sampled_from(["timestamp", "timeStamp"])): time,
        "notificationPointStatus": {
            "status": draw(st.sampled_from(["Executed-Success", "Executed-Success", "Failed"]))
        },
    }


def end_after(profile: Profile, bodies: list[bytes]) -> tuple[object, ...]:
    """What is known after these notices; afterwards it is as before."""
    with transaction.atomic():
        for body in bodies:
            read = READER.parse_progress(body=body, headers={})
            operations.record_notice(notice=read, now=NOON + timedelta(hours=1))
        known = (
            queries.line_state(profile.line_id),
            queries.facts_of(profile.line_id),
            queries.line_page(profile.line_id, profile.customer_id).code,
            sorted(CarrierNotice.objects.values_list("key_sha256", flat=True)),
            sorted(event.facts["fact"] for event in Event.objects.filter(kind="profile.fact")),
        )
        transaction.set_rollback(True)
    return known


@pytest.mark.usefixtures("catalogue")
def test_late_repeated_and_disordered_notices_end_in_the_same_state():
    profile = Profile.objects.get(line_id=lines_given.a_ready_line().pk)

    @settings(max_examples=25, deadline=None)
    @given(told=st.lists(told_once(), min_size=1, max_size=7), data=st.data())
    def order_and_repeats_do_not_matter(told, data):
        bodies = [
            notice(iccid=profile.iccid, **({"timestamp": "ABSENT"} | words)) for words in told
        ]
        repeats = data.draw(st.lists(st.sampled_from(bodies), max_size=5))
        disordered = data.draw(st.permutations(bodies + repeats))

        assert end_after(profile, disordered) == end_after(profile, bodies)

    order_and_repeats_do_not_matter()
