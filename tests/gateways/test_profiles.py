"""The contract of profile gateways, against the stand-in as a real process.

The judge of what happened is the stand-in's own log of effects.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from stdnum import luhn

from fairroam.gateways.calls import GatewayUnreachable
from fairroam.gateways.identifiers import ActivationCode
from fairroam.gateways.profiles import (
    AlreadyDownloaded,
    AnswerMismatch,
    CodeRefused,
    ConfirmationCodeRefused,
    DeviceRefused,
    DiscoveryFailed,
    FinalState,
    OrderExpired,
    OutOfStock,
    ProfileGateway,
    ProfileRefused,
    ProfileTaken,
    UnknownProfile,
    WrongState,
)
from fairroam.gateways.profiles.es2plus import REFUSALS, connect
from sandbox.processes import SandboxProcess
from tests.gateways.given import counterpart, saying_json

TYPE = "EU-10GB"
EID = "89001012012341234012345678901224"
OTHER_EID = "89049032000000000000000000000152"


@pytest.fixture
def carrier(sandbox_process) -> Iterator[SandboxProcess]:
    carrier = sandbox_process("profiles")
    yield carrier
    carrier.disarm()


@pytest.fixture
def gateway(carrier) -> ProfileGateway:
    return connect(url=carrier.url, requester="1.3.6.1.4.1.1", timeout_seconds=30)


@pytest.fixture
def hasty_gateway(carrier) -> ProfileGateway:
    return connect(url=carrier.url, requester="1.3.6.1.4.1.1", timeout_seconds=1)


def order(gateway: ProfileGateway, **options) -> str:
    return gateway.order_profile(profile_type=TYPE, call_id=uuid4(), **options).iccid


def release(gateway: ProfileGateway, iccid: str) -> ActivationCode:
    confirmed = gateway.confirm_order(iccid=iccid, release=True, call_id=uuid4())
    return ActivationCode(smdp_address=confirmed.smdp_address, matching_id=confirmed.matching_id)


def cancel(gateway: ProfileGateway, iccid: str, state=FinalState.UNAVAILABLE) -> None:
    gateway.cancel_order(iccid=iccid, call_id=uuid4(), final_state=state)


def download(carrier: SandboxProcess, code: ActivationCode, **options) -> None:
    carrier.ask("POST", "/phone/download", json={"activation_code": code.lpa, **options})


def effects_of(carrier: SandboxProcess, iccid: str) -> list[str]:
    return [effect["effect"] for effect in carrier.effects(iccid=iccid)]


def test_an_order_goes_its_way_to_a_phone(carrier, gateway):
    iccid = order(gateway)
    first = gateway.confirm_order(iccid=iccid, release=False, call_id=uuid4())
    gateway.release_profile(iccid=iccid, call_id=uuid4())
    code = ActivationCode(smdp_address=first.smdp_address, matching_id=first.matching_id)
    download(carrier, code)

    assert luhn.is_valid(iccid)
    assert effects_of(carrier, iccid) == ["order", "confirm", "release", "download"]


def test_a_chosen_iccid_is_the_one_we_get_however_often_we_ask(carrier, gateway):
    chosen = gateway.list_available(TYPE)[3]

    assert [order(gateway, iccid=chosen) for _ in range(3)] == [chosen] * 3
    assert effects_of(carrier, chosen) == ["order"]
    assert chosen not in gateway.list_available(TYPE)


def test_another_requester_cannot_have_what_we_ordered(carrier, gateway):
    iccid = order(gateway)
    other = connect(url=carrier.url, requester="somebody-else", timeout_seconds=30)

    with pytest.raises(ProfileTaken):
        order(other, iccid=iccid)
    with pytest.raises(UnknownProfile) as refused:
        cancel(other, iccid)
    assert refused.value.code == "profile-not-ours"
    assert effects_of(carrier, iccid) == ["order"]


def test_every_step_repeated_answers_the_same_and_does_nothing_more(carrier, gateway):
    iccid = order(gateway, eid=EID)
    codes = {
        gateway.confirm_order(
            iccid=iccid, release=True, call_id=uuid4(), matching_id=f"M-{iccid}", eid=EID
        )
        for _ in range(2)
    }
    gateway.release_profile(iccid=iccid, call_id=uuid4())
    order(gateway, iccid=iccid, eid=EID)
    cancel(gateway, iccid)
    cancel(gateway, iccid)

    assert {code.matching_id for code in codes} == {f"M-{iccid}"}
    assert effects_of(carrier, iccid) == ["order", "confirm", "cancel"]


@pytest.mark.parametrize("fault", ["time_out_after_effect", "error_after_effect", "broken_json"])
@pytest.mark.parametrize(
    ("call", "effect"),
    [
        ("downloadOrder", "order"),
        ("confirmOrder", "confirm"),
        ("releaseProfile", "release"),
        ("cancelOrder", "cancel"),
    ],
)
def test_no_answer_after_the_effect_then_the_same_direction_is_one_effect(
    carrier, gateway, call, effect, fault
):
    chosen = gateway.list_available(TYPE)[0]
    steps = {
        "downloadOrder": lambda by: order(by, iccid=chosen),
        "confirmOrder": lambda by: by.confirm_order(iccid=chosen, release=False, call_id=uuid4()),
        "releaseProfile": lambda by: by.release_profile(iccid=chosen, call_id=uuid4()),
        "cancelOrder": lambda by: cancel(by, chosen),
    }
    for name, step in steps.items():
        if name == call:
            carrier.arm(call, fault, seconds=0.1)
            with pytest.raises(GatewayUnreachable):
                step(gateway)
        step(gateway)

    assert effects_of(carrier, chosen) == ["order", "confirm", "release", "cancel"]
    assert len(carrier.effects(effect, iccid=chosen)) == 1


@pytest.mark.parametrize(
    "fault", ["error_before_effect", "too_many_requests", "redirect", "time_out_before_effect"]
)
def test_no_answer_before_the_effect_is_as_unknown_as_after_it(carrier, gateway, fault):
    iccid = order(gateway)
    carrier.arm("cancelOrder", fault, seconds=0.1)

    with pytest.raises(GatewayUnreachable):
        cancel(gateway, iccid)

    assert effects_of(carrier, iccid) == ["order"]


def test_a_dripping_answer_ends_at_the_deadline(carrier, gateway, hasty_gateway):
    iccid = order(gateway)
    carrier.arm("cancelOrder", "slow", seconds=60)

    with pytest.raises(GatewayUnreachable):
        cancel(hasty_gateway, iccid)

    cancel(gateway, iccid)
    assert effects_of(carrier, iccid) == ["order", "cancel"]


def test_a_carrier_that_is_down_for_long_comes_back_to_the_same_order(carrier, gateway):
    chosen = order(gateway)
    for call in ("stock", "downloadOrder", "confirmOrder", "releaseProfile", "cancelOrder"):
        carrier.arm(call, "down", times=None)
    for _ in range(3):
        for step in (
            lambda: gateway.list_available(TYPE),
            lambda: order(gateway, iccid=chosen),
            lambda: release(gateway, chosen),
            lambda: gateway.release_profile(iccid=chosen, call_id=uuid4()),
            lambda: cancel(gateway, chosen),
        ):
            with pytest.raises(GatewayUnreachable):
                step()
    carrier.disarm()
    release(gateway, chosen)

    assert effects_of(carrier, chosen) == ["order", "confirm"]


def test_nobody_there_at_all_means_that_nothing_was_sent():
    gateway = connect(url="http://127.0.0.1:9", requester="r", timeout_seconds=1)

    with pytest.raises(GatewayUnreachable, match="nothing was sent"):
        order(gateway)


@pytest.mark.parametrize("steps_on_the_phone", [[], ["install"], ["install", "delete"]])
def test_cancelling_after_the_download_is_too_late_for_good(carrier, gateway, steps_on_the_phone):
    iccid = order(gateway)
    download(carrier, release(gateway, iccid))
    for step in steps_on_the_phone:
        carrier.ask("POST", f"/phone/{step}", json={"iccid": iccid})

    for final_state in FinalState:
        with pytest.raises(AlreadyDownloaded) as refused:
            cancel(gateway, iccid, final_state)

    assert refused.value.code == "already-downloaded"
    assert (refused.value.subject_code, refused.value.reason_code) == ("8.2.1", "3.3")
    assert effects_of(carrier, iccid) == ["order", "confirm", "download", *steps_on_the_phone]


def test_a_cancelled_code_is_worth_nothing(carrier, gateway):
    iccid = order(gateway)
    code = release(gateway, iccid)
    cancel(gateway, iccid)

    with pytest.raises(httpx.HTTPStatusError) as refused:
        download(carrier, code)
    answer = refused.value.response.json()
    assert (answer["subject_code"], answer["reason_code"]) == ("8.2.6", "3.8")


def test_what_was_cancelled_back_into_stock_can_be_ordered_anew(carrier, gateway):
    iccid = order(gateway)
    cancel(gateway, iccid, FinalState.AVAILABLE)

    assert iccid in gateway.list_available(TYPE)
    assert order(gateway, iccid=iccid) == iccid
    assert effects_of(carrier, iccid) == ["order", "cancel", "order"]


@pytest.mark.parametrize(
    ("call", "subject_code", "reason_code", "kind"),
    [
        ("cancelOrder", "8.2.1", "3.3", AlreadyDownloaded),
        ("confirmOrder", "8.2.1", "3.3", ProfileTaken),
        ("releaseProfile", "8.2.1", "3.5", WrongState),
        ("confirmOrder", "8.2.1", "3.9", UnknownProfile),
        ("confirmOrder", "8.2.1", "1.2", UnknownProfile),
        ("confirmOrder", "8.2.1", "3.10", UnknownProfile),
        ("downloadOrder", "8.2.5", "3.7", OutOfStock),
        ("downloadOrder", "8.2.5", "3.8", OutOfStock),
        ("downloadOrder", "8.2.5", "3.9", OutOfStock),
        ("downloadOrder", "8.2.5", "1.2", OutOfStock),
        ("confirmOrder", "8.2.6", "3.3", CodeRefused),
        ("confirmOrder", "8.2.6", "3.10", CodeRefused),
        ("confirmOrder", "8.2.6", "3.8", CodeRefused),
        ("confirmOrder", "8.2.7", "2.2", ConfirmationCodeRefused),
        ("confirmOrder", "8.2.7", "3.8", ConfirmationCodeRefused),
        ("confirmOrder", "8.2.7", "6.4", ConfirmationCodeRefused),
        ("confirmOrder", "8.8.5", "4.10", OrderExpired),
        ("confirmOrder", "8.8.5", "6.4", OrderExpired),
        ("confirmOrder", "8.1.1", "2.2", DeviceRefused),
        ("confirmOrder", "8.1.1", "3.8", DeviceRefused),
        ("confirmOrder", "8.1.1", "3.10", DeviceRefused),
        ("confirmOrder", "8.9", "5.1", DiscoveryFailed),
        ("confirmOrder", "8.9", "4.2", DiscoveryFailed),
        ("confirmOrder", "8.2.1", "3.1", ProfileRefused),  # not 3.10
        ("confirmOrder", "1.6", "4.1", ProfileRefused),
    ],
)
def test_each_status_code_is_the_outcome_that_says_what_to_do(
    carrier, gateway, call, subject_code, reason_code, kind
):
    iccid = order(gateway)
    armed = {"call": call, "subject_code": subject_code, "reason_code": reason_code}
    carrier.ask("POST", "/_refusals", json=armed)
    steps = {
        "downloadOrder": lambda: order(gateway),
        "confirmOrder": lambda: release(gateway, iccid),
        "releaseProfile": lambda: gateway.release_profile(iccid=iccid, call_id=uuid4()),
        "cancelOrder": lambda: cancel(gateway, iccid),
    }

    with pytest.raises(ProfileRefused) as refused:
        steps[call]()

    assert type(refused.value) is kind
    assert (refused.value.subject_code, refused.value.reason_code) == (subject_code, reason_code)
    assert refused.value.message == "As the test wished."
    assert effects_of(carrier, iccid) == ["order"]


def test_each_reason_has_a_word_of_its_own():
    words = [code for _, code in REFUSALS.values()]

    assert len(set(words)) == len(words)


def test_the_carrier_refuses_what_does_not_fit_its_states(carrier, gateway):
    iccid = order(gateway, eid=EID)
    in_use = release(gateway, order(gateway)).matching_id
    carrier.ask("POST", "/_stock", json={"profile_type": "SOLD-OUT", "stock": 0})
    carrier.ask("POST", "/_stock", json={"profile_type": "NEVER-MADE", "stock": None})
    call_id = uuid4()
    table = [
        (WrongState, "wrong-state", lambda: gateway.release_profile(iccid=iccid, call_id=call_id)),
        (
            UnknownProfile,
            "profile-of-another-device",
            lambda: order(gateway, iccid=iccid, eid=OTHER_EID),
        ),
        (UnknownProfile, "unknown-profile", lambda: cancel(gateway, "8988211000000000017")),
        (
            OutOfStock,
            "out-of-stock",
            lambda: gateway.order_profile(profile_type="SOLD-OUT", call_id=call_id),
        ),
        (
            OutOfStock,
            "unknown-profile-type",
            lambda: gateway.order_profile(profile_type="NEVER-MADE", call_id=call_id),
        ),
        (OutOfStock, "unknown-profile-type", lambda: gateway.list_available("NEVER-MADE")),
        (
            OutOfStock,
            "profile-of-another-type",
            lambda: gateway.order_profile(profile_type="SOLD-OUT", iccid=iccid, call_id=call_id),
        ),
        (
            CodeRefused,
            "matching-id-in-use",
            lambda: gateway.confirm_order(
                iccid=iccid, release=True, matching_id=in_use, call_id=call_id
            ),
        ),
        (
            DeviceRefused,
            "device-missing",
            lambda: gateway.confirm_order(
                iccid=order(gateway), release=True, matching_id="", call_id=call_id
            ),
        ),
    ]
    for kind, code, step in table:
        with pytest.raises(kind) as refused:
            step()
        assert refused.value.code == code

    assert gateway.list_available("SOLD-OUT") == []
    assert effects_of(carrier, iccid) == ["order"]


DONE = {"functionExecutionStatus": {"status": "Executed-Success"}}
WARNED = {"functionExecutionStatus": {"status": "Executed-WithWarning"}}
EXPIRED = {"functionExecutionStatus": {"status": "Expired"}}
FAILED = {"functionExecutionStatus": {"status": "Failed"}}
ICCID = "8988211000000000017"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"header": WARNED, "iccid": f"{ICCID}F"}, None),
        ({"header": DONE, "iccid": "8988211000000000025"}, AnswerMismatch),
        ({"header": DONE, "iccid": "12"}, GatewayUnreachable),
        ({"header": DONE, "iccid": 12}, GatewayUnreachable),
        ({"header": DONE}, GatewayUnreachable),
        ({"header": EXPIRED, "iccid": ICCID}, GatewayUnreachable),
        ({"header": {}}, GatewayUnreachable),
        ({}, GatewayUnreachable),
        ({"header": FAILED}, ProfileRefused),
    ],
)
def test_an_answer_to_an_order_is_read_strictly(answer, outcome):
    with counterpart(saying_json(answer)) as url:
        gateway = connect(url=url, requester="r", timeout_seconds=30)
        if outcome is None:
            assert order(gateway, iccid=ICCID) == ICCID
        else:
            with pytest.raises(outcome):
                order(gateway, iccid=ICCID)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"header": DONE, "matchingId": "A-1"}, None),
        ({"header": DONE, "matchingId": "OTHER"}, AnswerMismatch),
        ({"header": DONE}, GatewayUnreachable),
    ],
)
def test_a_confirmation_without_an_address_means_the_known_one(answer, outcome):
    with counterpart(saying_json(answer)) as url:
        gateway = connect(url=url, requester="r", smdp_address="rsp.example.com")
        asked = {"iccid": ICCID, "release": True, "call_id": uuid4(), "matching_id": "A-1"}
        if outcome is None:
            assert gateway.confirm_order(**asked).smdp_address == "rsp.example.com"
        else:
            with pytest.raises(outcome):
                gateway.confirm_order(**asked)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"error": "internal"}, 500),
        ({"iccids": []}, 200),
        ({"profile_type": TYPE, "iccids": ["12"]}, 200),
    ],
)
def test_a_stock_list_is_read_strictly(answer, status):
    with counterpart(saying_json(answer, status=status)) as url:
        gateway = connect(url=url, requester="r", timeout_seconds=30)
        with pytest.raises(GatewayUnreachable):
            gateway.list_available(TYPE)
