"""The profile server and its phones, from outside: plain HTTP, real processes, their effects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.listener import Listener
from sandbox.processes import SandboxProcess

ES2PLUS = "/gsma/rsp2/es2plus"
HEADER = {"functionRequesterIdentifier": "shop", "functionCallIdentifier": "call-1"}
PROTOCOL = {"X-Admin-Protocol": "gsma/rsp/v2.5.0"}
EID = "89001012012341234012345678901224"


@pytest.fixture
def ear() -> Iterator[Listener]:
    with Listener(status=204) as ear:
        yield ear


@pytest.fixture
def carrier(tmp_path: Path, ear: Listener) -> Iterator[SandboxProcess]:
    with SandboxProcess.start("profiles", tmp_path, hook=ear.url) as carrier:
        yield carrier


def call(carrier: SandboxProcess, function: str, **fields: Any) -> dict[str, Any]:
    body = {"header": HEADER} | fields
    told = carrier.ask("POST", f"{ES2PLUS}/{function}", json=body, headers=PROTOCOL)
    status = told["header"]["functionExecutionStatus"]
    if status["status"] == "Executed-Success":
        return told
    assert status["status"] == "Failed"
    return {name: status["statusCodeData"][name] for name in ("subjectCode", "reasonCode")}


def codes(subject_code: str, reason_code: str) -> dict[str, str]:
    return {"subjectCode": subject_code, "reasonCode": reason_code}


def an_open_order(carrier: SandboxProcess, **confirmation: Any) -> tuple[str, str]:
    """Return the ICCID and the activation code of a profile that waits for its phone."""
    iccid = call(carrier, "downloadOrder", profileType="EU-10GB")["iccid"]
    told = call(carrier, "confirmOrder", iccid=iccid, releaseFlag=True, **confirmation)
    return iccid, f"LPA:1${told['smdpAddress']}${told['matchingId']}"


def phone(carrier: SandboxProcess, act: str, **asked: Any) -> dict[str, Any]:
    return carrier.ask("POST", f"/phone/{act}", json=asked)


def refusal(carrier: SandboxProcess, act: str, **asked: Any) -> dict[str, Any]:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        phone(carrier, act, **asked)
    return refused.value.response.json()


def test_the_carrier_tells_each_step_of_a_phone_in_the_agreed_form(carrier, ear):
    iccid, code = an_open_order(carrier)
    phone(carrier, "download", activation_code=code, eid=EID)
    phone(carrier, "install", iccid=iccid)
    phone(carrier, "enable", iccid=iccid)
    phone(carrier, "disable", iccid=iccid)
    phone(carrier, "delete", iccid=iccid)

    heard = ear.wait_for(6)

    points = [notice.json()["notificationPointId"] for notice in heard]
    assert points == [1, 3, 4, "101", "102", "5"]
    first = heard[0].json()
    assert heard[0].headers["x-admin-protocol"] == "gsma/rsp/v2.5.0"
    assert list(first) == [
        "header",
        "eid",
        "iccid",
        "profileType",
        "timestamp",
        "notificationPointId",
        "notificationPointStatus",
    ]
    assert (first["eid"], first["iccid"], first["profileType"]) == (EID, f"{iccid}F", "EU-10GB")
    assert datetime.fromisoformat(first["timestamp"]).tzinfo == UTC
    assert [one["effect"] for one in carrier.effects(iccid=iccid)] == [
        "order",
        "confirm",
        "download",
        "install",
        "delete",
    ]


def test_a_notice_is_repeated_until_it_is_taken_over_also_after_a_restart(tmp_path):
    with (
        Listener(status=500) as deaf,
        SandboxProcess.start("profiles", tmp_path, hook=deaf.url) as carrier,
    ):
        iccid, code = an_open_order(carrier)
        phone(carrier, "download", activation_code=code)
        deaf.wait_for(3)
    with Listener(status=204) as ear:
        ear.refusals = [200]  # Not what the standard asks for: this one is sent again.
        with SandboxProcess.start("profiles", tmp_path, hook=ear.url) as carrier:
            heard = ear.wait_for(3)
            held = carrier.ask("GET", "/phone")["profiles"]
    assert [profile["iccid"] for profile in held] == [iccid]
    points = sorted(notice.json()["notificationPointId"] for notice in heard)
    assert points in ([1, 1, 3], [1, 3, 3])


def test_notices_come_twice_late_and_in_any_order_on_demand(carrier, ear):
    carrier.ask("POST", "/_settings", json={"hooks_held": True})
    _, code = an_open_order(carrier)
    phone(carrier, "download", activation_code=code)
    first, second = [event["id"] for event in carrier.ask("GET", "/_events")["events"]]
    told = carrier.ask("POST", "/_deliveries", json={"events": [second, first, second]})

    assert told == {"statuses": [204, 204, 204]}
    assert [one.json()["notificationPointId"] for one in ear.wait_for(3)] == [3, 1, 3]


def test_a_phone_is_refused_what_is_not_meant_for_it(carrier, ear):
    _, code = an_open_order(carrier, eid=EID)
    unreleased = call(carrier, "downloadOrder", profileType="EU-10GB")["iccid"]
    matching_id = call(carrier, "confirmOrder", iccid=unreleased, releaseFlag=False)["matchingId"]
    server = code.split("$")[1]
    other_phone = refusal(carrier, "download", activation_code=code)
    early = refusal(carrier, "download", activation_code=f"LPA:1${server}${matching_id}")
    wrong = refusal(carrier, "download", activation_code=f"LPA:1${server}$NOT-A-CODE")
    elsewhere = refusal(carrier, "download", activation_code="LPA:1$rsp.example.com$A")
    nonsense = refusal(carrier, "download", activation_code="A")

    seen = [
        (one.get("subject_code"), one.get("reason_code")) for one in (other_phone, early, wrong)
    ]
    assert seen == [("8.1.1", "3.8"), ("8.2", "1.2"), ("8.2.6", "3.8")]
    assert (elsewhere["error"], nonsense["error"]) == ("unknown_server", "not_an_activation_code")
    statuses = [notice.json()["notificationPointStatus"]["status"] for notice in ear.wait_for(2)]
    assert statuses == ["Failed", "Failed"]
    assert carrier.effects("download") == []


def test_a_code_is_used_once_but_a_broken_download_may_be_repeated(carrier):
    iccid, code = an_open_order(carrier)
    phone(carrier, "download", activation_code=code)
    phone(carrier, "download", activation_code=code)
    phone(carrier, "install", iccid=iccid)

    assert refusal(carrier, "download", activation_code=code)["subject_code"] == "8.2.6"
    assert len(carrier.effects("download", iccid=iccid)) == 1


def test_a_confirmation_code_is_asked_for_and_ends_after_three_wrong_ones(carrier, ear):
    _, code = an_open_order(carrier, confirmationCode="4711")
    _, other = an_open_order(carrier, confirmationCode="4711")
    missing = refusal(carrier, "download", activation_code=code)
    wrong = [
        refusal(carrier, "download", activation_code=code, confirmation_code="0")["reason_code"]
        for _ in range(3)
    ]
    too_late = refusal(carrier, "download", activation_code=code, confirmation_code="4711")
    phone(carrier, "download", activation_code=other, confirmation_code="4711")

    assert missing["reason_code"] == "2.2"
    assert wrong == ["3.8", "3.8", "3.8"]
    assert too_late["reason_code"] == "6.4"
    assert {notice.json()["notificationPointId"] for notice in ear.wait_for(5)[:5]} == {2}
    assert len(carrier.effects("download")) == 1


def test_a_failed_installation_is_told_and_final(carrier, ear):
    iccid, code = an_open_order(carrier)
    phone(carrier, "download", activation_code=code)
    assert phone(carrier, "install", iccid=iccid, fails=True)["state"] == "Error"

    notice = ear.wait_for(3)[2].json()
    assert (notice["notificationPointId"], notice["notificationPointStatus"]["status"]) == (
        4,
        "Failed",
    )
    assert refusal(carrier, "install", iccid=iccid)["error"] == "broken_profile"
    cancelled = call(carrier, "cancelOrder", iccid=iccid, finalProfileStatusIndicator="Unavailable")
    assert cancelled == codes("8.2.1", "3.3")


def test_one_profile_is_on_at_a_time(carrier):
    orders = [an_open_order(carrier) for _ in range(2)]
    for iccid, code in orders:
        phone(carrier, "download", activation_code=code)
        phone(carrier, "install", iccid=iccid)
        phone(carrier, "enable", iccid=iccid)

    profiles = carrier.ask("GET", "/phone")["profiles"]
    assert [profile["device_state"] for profile in profiles] == ["disabled", "enabled"]


def test_the_phone_tells_the_network_and_is_cut_off_by_it(tmp_path):
    secret = {"SANDBOX_USAGE_HOOK_SECRET": "s"}
    with SandboxProcess.start("lines", tmp_path / "lines", variables=secret) as network:
        at_home = {"SANDBOX_LINES_URL": network.url}
        with SandboxProcess.start("profiles", tmp_path / "profiles", variables=at_home) as carrier:
            iccid, code = an_open_order(carrier)
            phone(carrier, "download", activation_code=code)
            phone(carrier, "install", iccid=iccid)
            assert (
                refusal(carrier, "use", iccid=iccid, bytes=1, country="JP")["error"]
                == "not_enabled"
            )
            switched_on = phone(carrier, "enable", iccid=iccid, country="JP")
            used = phone(carrier, "use", iccid=iccid, bytes=250_000_000, country="JP")
            phone(carrier, "use", iccid=iccid, bytes=60, country="JP", kind="voice")
            network.ask("POST", f"/v1/lines/{iccid}/end", headers={"Idempotency-Key": "k"})
            cut_off = refusal(carrier, "use", iccid=iccid, bytes=1, country="JP")
            again = phone(carrier, "enable", iccid=iccid, country="FR")

        effects = [(one["effect"], one.get("quantity")) for one in network.effects(iccid=iccid)]
    assert switched_on["network"] == {"service": "ok"}
    assert used["network"]["service"] == "ok"
    assert effects == [("attach", 0), ("data", 250_000_000), ("voice", 60), ("end", None)]
    assert (cut_off["error"], cut_off["network"]["state"]) == ("no_service", "ended")
    assert again["network"]["service"] == "none"


def test_without_a_network_the_phone_says_so(carrier):
    iccid, code = an_open_order(carrier)
    phone(carrier, "download", activation_code=code)
    phone(carrier, "install", iccid=iccid)

    assert phone(carrier, "enable", iccid=iccid)["network"] == {"service": "none"}
    assert refusal(carrier, "use", iccid=iccid, bytes=1, country="FR")["error"] == "no_service"


NONSENSE = [
    (b"", PROTOCOL),
    (b"\xff\xfe", PROTOCOL),
    (b"[]", PROTOCOL),
    (b"{}", PROTOCOL),
    (b'{"header": {}}', PROTOCOL),
    (b'{"header": {"functionRequesterIdentifier": 1, "functionCallIdentifier": "c"}}', PROTOCOL),
    (b"[" * 100_000, PROTOCOL),
    (b"{}", {}),
    (b"{}", {"X-Admin-Protocol": "gsma/rsp/v3.0.0"}),
]


@pytest.mark.parametrize(
    "function", ["downloadOrder", "confirmOrder", "releaseProfile", "cancelOrder"]
)
def test_nonsense_is_answered_with_a_status_code(carrier, function):
    for body, headers in NONSENSE:
        url = f"{carrier.url}{ES2PLUS}/{function}"
        answer = httpx.post(url, content=body, headers=headers, trust_env=False)

        assert answer.status_code == 200
        assert answer.headers["X-Admin-Protocol"] == "gsma/rsp/v2.5.0"
        status = answer.json()["header"]["functionExecutionStatus"]
        assert status["status"] == "Failed"
        assert status["statusCodeData"]["subjectCode"] in ("1.3.1", "1.3.2")
    assert carrier.effects() == []


def test_a_chosen_type_and_its_stock_survive_a_restart(tmp_path):
    with SandboxProcess.start("profiles", tmp_path) as carrier:
        carrier.ask("POST", "/_stock", json={"profile_type": "SMALL", "stock": 2})
        first = call(carrier, "downloadOrder", profileType="SMALL")["iccid"]
        other = call(carrier, "downloadOrder", profileType="BIG")["iccid"]
    with SandboxProcess.start("profiles", tmp_path) as carrier:
        second = call(carrier, "downloadOrder", profileType="SMALL")["iccid"]
        third = call(carrier, "downloadOrder", profileType="SMALL")
        repeat = call(carrier, "downloadOrder", iccid=first)["iccid"]
        effects = carrier.effects("order")

    assert third == codes("8.2.5", "3.7")
    assert repeat == first
    assert [effect["iccid"] for effect in effects] == [first, other, second]
    assert len({iccid[:9] for iccid in (first, second)}) == 1
    assert other[:9] != first[:9]


def test_the_phone_has_a_page(carrier):
    page = httpx.get(carrier.url, trust_env=False)

    assert page.headers["Content-Type"].startswith("text/html")
    assert "Activation code" in page.text


@pytest.mark.parametrize(("profile_type", "is_reusable"), [("EU", False), ("EU-reusable", True)])
def test_a_deleted_profile_is_had_again_where_its_type_allows_it(
    carrier, profile_type, is_reusable
):
    iccid = call(carrier, "downloadOrder", profileType=profile_type)["iccid"]
    told = call(carrier, "confirmOrder", iccid=iccid, releaseFlag=True)
    code = f"LPA:1${told['smdpAddress']}${told['matchingId']}"
    phone(carrier, "download", activation_code=code, eid=EID)
    phone(carrier, "install", iccid=iccid)
    assert call(carrier, "downloadOrder", iccid=iccid) == codes("8.2.1", "3.3")
    phone(carrier, "delete", iccid=iccid)

    again = call(carrier, "downloadOrder", iccid=iccid)

    if not is_reusable:
        assert again == codes("8.2.1", "3.3")
        return
    confirmed = call(carrier, "confirmOrder", iccid=iccid, releaseFlag=True)
    assert confirmed["matchingId"] == told["matchingId"]
    assert phone(carrier, "download", activation_code=code)["state"] == "Downloaded"
