"""Messages to devices: encrypted for one browser, by topics, and to nobody who has gone."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from fairroam.apps.customers import operations as customers
from fairroam.apps.notices import operations, personal, queries
from fairroam.apps.notices.models import PushDevice
from fairroam.apps.notices.tasks import pushing
from fairroam.gateways.push import DeviceRefused, GatewayUnreachable, PushAddress
from fairroam.gateways.push.webpush import checked, connect, is_public
from fairroam.web.components.mails import PUSH_TOPICS
from sandbox.processes import SandboxProcess
from tests import given
from tests.gateways.given import counterpart
from tests.gateways.test_calls import dripping
from tests.given import NOON

SECRET = b"sixteen secret b"


def written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("endpoint", "is_taken"),
    [
        ("https://push.example/send/abc", True),
        ("https://push.example:443/send/abc", True),
        ("https://push.example:8443/send", False),
        ("http://push.example/send", False),
        ("https://me:you@push.example/send", False),
        ("https:///send", False),
        ("ftp://push.example/", False),
        ("https://[::1", False),
        ("https://push.example/\x00", False),
        ("https://push.example/\ud800", False),
        ("https://push..example/", False),
        (f"https://{'a' * 64}.example/", False),
        ("https://ｐush.example/", False),
        ("https://push.example /", False),
        ("", False),
    ],
)
def test_only_https_to_a_host_on_its_usual_port_is_called(endpoint, is_taken):
    if is_taken:
        assert checked(endpoint, may_be_local=False).hostname == "push.example"
    else:
        with pytest.raises(DeviceRefused):
            checked(endpoint, may_be_local=False)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        *((private, False) for private in ("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.9")),
        *((private, False) for private in ("169.254.169.254", "100.64.0.1", "0.0.0.0", "::1")),
        *((private, False) for private in ("fe80::1", "fd00::1", "::ffff:127.0.0.1")),
    ],
)
def test_no_address_within_a_network_is_called(address, expected):
    assert is_public(address) == expected


def test_every_pushed_topic_has_its_words():
    assert set(PUSH_TOPICS) == set(queries.PUSHED.values())
    assert queries.push_topic_of("refunds.decided") == "decisions"
    assert queries.push_topic_of("refunds.paid") == "money"
    assert queries.push_topic_of("customers.address_changed") == ""


@pytest.mark.promise(33)
@pytest.mark.usefixtures("catalogue")
def test_a_message_reaches_the_device_encrypted_until_its_sign_in_ends(
    tmp_path: Path, client: Client
):
    ada = given.a_customer()
    client.force_login(ada.user)
    client.get("/account/inbox/mails/")
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with SandboxProcess.start("push", tmp_path / "push") as service:
        for name in ("phone", "phone-that-is-gone"):
            said = {
                "endpoint": f"{service.url}/devices/{name}",
                "keys": {"p256dh": written(point), "auth": written(SECRET)},
            }
            answer = client.post("/account/inbox/device/", json.dumps(said), "application/json")
            assert answer.status_code == 204

        operations.choose_pushes(customer_id=ada.pk, stopped=["trip"], now=NOON)
        told = operations.queue(
            kind="customers.address_changed",
            act="test",
            address="ada@example.com",
            language="en",
            context={"changed_at": NOON, "zone": "UTC"},
            customer_id=ada.pk,
            now=NOON,
        )
        pushing.push(notice_id=told.pk, now=NOON)
        pushing.push(notice_id=told.pk, now=NOON + timedelta(days=2))  # no news any more

        (effect,) = service.effects("pushed")
        content = http_ece.decrypt(
            b64decode(effect["body"]), private_key=key, auth_secret=SECRET, version="aes128gcm"
        )
        assert json.loads(content) == {
            "title": "fairroam",
            "body": told.subject,
            "url": f"/account/inbox/{told.pk}/",
            "tag": str(told.key),
            "language": "en",
        }
        assert told.subject.encode() not in b64decode(effect["body"])
        assert effect["headers"]["authorization"].startswith("vapid t=")
        assert [device.endpoint[-5:] for device in PushDevice.objects.all()] == ["phone"]

        assert queries.is_pushed(ada.pk, "refunds.decided")
        assert not queries.is_pushed(ada.pk, "closures.trip_ended")
        assert not queries.is_pushed(ada.pk, "customers.address_changed")
        customers.end_sessions(user_id=ada.user.pk, now=NOON)
        pushing.push(notice_id=told.pk, now=NOON)
        assert not queries.is_pushed(ada.pk, "refunds.decided")
        assert len(service.effects("pushed")) == 1

    erased = personal.erase(ada.pk)
    assert erased["notices_pushdevice.endpoint"] == 1
    assert not PushDevice.objects.exists()


@pytest.mark.usefixtures("catalogue")
def test_what_is_no_subscription_is_refused(client, settings):
    client.force_login(given.a_customer().user)
    keys = {"p256dh": "a", "auth": "b"}

    def answer(said: object) -> int:
        body = json.dumps(said)
        return client.post("/account/inbox/device/", body, "application/json").status_code

    assert answer([]) == answer({"endpoint": "https://push.example/"}) == 422
    assert answer({"endpoint": 7, "keys": keys}) == 422
    assert answer({"endpoint": "https://push.example/" + "x" * 1000, "keys": keys}) == 422
    assert answer({"endpoint": "https://push.example/\x00", "keys": keys}) == 422
    assert answer({"endpoint": "https://push.example/", "keys": keys | {"auth": "\ud800"}}) == 422
    settings.FAIRROAM_ENVIRONMENT = "production"
    assert answer({"endpoint": "http://127.0.0.1:5432/", "keys": keys}) == 422
    assert not PushDevice.objects.exists()


@pytest.mark.usefixtures("catalogue")
def test_one_account_has_a_few_devices_and_the_newest_stay(client):
    client.force_login(given.a_customer().user)
    keys = {"p256dh": "a", "auth": "b"}
    for number in range(operations.DEVICES_MAX + 2):
        said = {"endpoint": f"https://push.example/{number}", "keys": keys}
        client.post("/account/inbox/device/", json.dumps(said), "application/json")

    named = PushDevice.objects.order_by("pk").values_list("endpoint", flat=True)
    assert len(named) == operations.DEVICES_MAX
    assert named[0] == "https://push.example/2"


def test_a_push_service_that_never_ends_its_answer_is_left(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def send(words: bytes, drop: bytes, *, patience_seconds: float) -> None:
        way = connect(
            key_file=tmp_path / "key.pem",
            contact="mailto:a@b.example",
            may_be_local=True,
            timeout_seconds=patience_seconds,
        )
        with counterpart(dripping(words, drop)) as url:
            to = PushAddress(url, written(point), written(SECRET))
            way.send(key=uuid4(), to=to, content=b"{}", now=NOON)

    # Taken: what else it says is not read.
    send(b"HTTP/1.1 201 Created\r\n\r\n", b"{", patience_seconds=30)
    with pytest.raises(GatewayUnreachable):
        send(b"HTTP/1.1 201 Created\r\n", b"X-Slow: 1\r\n", patience_seconds=0.5)
