"""The door for profile servers behind mutual TLS, as `fairroam run` starts it."""

from __future__ import annotations

import importlib
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from fairroam.apps.esims.models import CarrierNotice
from fairroam.gateways.profiles import es2plus
from fairroam.project.serve import profiles_door
from fairroam.web.hooks import urls
from sandbox import tls
from sandbox.processes import PROJECT, SandboxProcess, free_port

NOTICE = "/gsma/rsp2/es2plus/handleDownloadProgressInfo"
HEADERS = {"content-type": "application/json", "X-Admin-Protocol": "gsma/rsp/v2.5.0"}
# What a profile server sends, as its own command line would.
BODY = """{"header":{"functionRequesterIdentifier":"smdp-1",
  "functionCallIdentifier":"FCI-1"},"eid":"89001012012341234012345678901224","iccid":"8988211000000000017F","profileType":"P1",
  "timestamp":"2026-11-22T05:50:00Z","notificationPointId":3,"notificationPointStatus":{"status":"Executed-Success"}}"""
READY_SECONDS_MAX = 90.0


@dataclass(frozen=True)
class OpenDoor:
    url: str
    certificates: Path

    def client(self, shown: str | None = "client", ca: str = "ca") -> httpx.Client:
        """A caller who shows this certificate."""
        context = ssl.create_default_context(cafile=self.certificates / f"{ca}.pem")
        if shown:
            context.load_cert_chain(self.certificates / f"{shown}.pem")
        return httpx.Client(base_url=self.url, verify=context, trust_env=False, timeout=60)


@pytest.fixture(scope="module")
def door(cluster, certificates, tmp_path_factory) -> Iterator[OpenDoor]:
    """The very process that the supervisor would start."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FAIRROAM_PROFILES_CA", str(certificates / "ca.pem"))
        environment.setenv("FAIRROAM_PROFILES_DOOR_CERTIFICATE", str(certificates / "server.pem"))
        port = free_port()
        (service,) = profiles_door({"DATABASE_URL": cluster.url()}, "127.0.0.1", port)
        log = tmp_path_factory.mktemp("door") / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                service.command,
                env=os.environ | dict(service.environment),
                stdout=output,
                stderr=output,
            )
    patience_ends = time.monotonic() + READY_SECONDS_MAX
    assert service.ready is not None
    try:
        while not service.ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < patience_ends, log.read_text()
            time.sleep(0.1)
        yield OpenDoor(f"https://localhost:{port}", certificates)
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.usefixtures("committed")
def test_a_notice_is_kept_and_answered_by_an_empty_204(door):
    with door.client() as carrier:
        answers = [carrier.post(NOTICE, content=BODY, headers=HEADERS) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert answers[0].http_version == "HTTP/1.1"
    kept = CarrierNotice.objects.get()
    assert (kept.iccid, kept.point, kept.succeeded) == ("8988211000000000017", "3", True)


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("shown", ["stranger", "expired", None])
def test_without_a_right_certificate_nobody_is_heard(door, shown):
    with door.client(shown) as carrier, pytest.raises(httpx.TransportError):
        carrier.post(NOTICE, content=BODY, headers=HEADERS)

    assert not CarrierNotice.objects.exists()


def test_we_show_a_certificate_that_a_stranger_does_not_trust(door):
    with (
        door.client(ca="stranger-ca") as carrier,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        carrier.post(NOTICE, content=BODY, headers=HEADERS)


@pytest.mark.parametrize("path", ["/", "/livez", "/account/", "/hooks/usage/sandbox", "/desk/"])
def test_the_door_leads_nowhere_else(door, path):
    with door.client() as carrier:
        answer = carrier.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.usefixtures("committed")
def test_what_is_no_notice_is_refused_in_words_for_programs(door):
    with door.client() as carrier:
        answer = carrier.post(NOTICE, content="{", headers=HEADERS)
        asked = carrier.get(NOTICE)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad-notice")
    assert asked.status_code == 405
    assert not CarrierNotice.objects.exists()


@pytest.mark.usefixtures("committed")
def test_the_stand_in_and_we_know_each_other_in_both_directions(door, tmp_path):
    port = free_port()
    arguments = ["--tls-folder", str(door.certificates), "--tls-port", str(port)]
    call = {"functionRequesterIdentifier": "fairroam", "functionCallIdentifier": "call-1"}
    with (
        SandboxProcess.start(
            "profiles", tmp_path, hook=door.url + NOTICE, arguments=arguments
        ) as carrier,
        httpx.Client(
            base_url=f"https://localhost:{port}",
            verify=tls.calling(door.certificates),
            trust_env=False,
        ) as operator,
    ):
        path = "/gsma/rsp2/es2plus"
        ordered = operator.post(
            f"{path}/downloadOrder", json={"header": call, "profileType": "P1"}, headers=HEADERS
        ).json()
        confirmation = {"header": call, "iccid": ordered["iccid"], "releaseFlag": True}
        code = operator.post(f"{path}/confirmOrder", json=confirmation, headers=HEADERS).json()
        activation_code = f"LPA:1${code['smdpAddress']}${code['matchingId']}"
        carrier.ask("POST", "/phone/download", json={"activation_code": activation_code})
        patience_ends = time.monotonic() + READY_SECONDS_MAX
        while CarrierNotice.objects.filter(iccid=ordered["iccid"]).count() < 2:
            assert time.monotonic() < patience_ends, "the notices did not arrive"
            time.sleep(0.05)

    points = CarrierNotice.objects.values_list("point", flat=True).order_by("point")
    assert list(points) == ["1", "3"]


@pytest.mark.parametrize("is_configured", [False, True])
def test_the_plain_door_is_closed_where_certificates_are_asked_for(
    certificates, settings, is_configured
):
    settings.FAIRROAM_PROFILES_DOOR_CERTIFICATE = is_configured and certificates / "server.pem"
    plain = importlib.reload(urls)
    try:
        doors = [str(door.pattern) for door in plain.urlpatterns]
    finally:
        settings.FAIRROAM_PROFILES_DOOR_CERTIFICATE = None
        importlib.reload(urls)

    assert any(door.startswith("usage/") for door in doors)
    assert any(door.startswith("profiles/") for door in doors) == (not is_configured)


def exchanges_of_the_guide() -> list[bytes]:
    """The messages that the guide shows, as they are on the wire."""
    guide = (PROJECT / "docs/connect-an-sm-dp-plus.md").read_text()
    shown = re.findall(r"```http\n(.*?)\n```", guide, re.DOTALL)
    parts = [message.partition("\n\n") for message in shown]
    return ["\r\n".join([*head.split("\n"), "", body]).encode() for head, _blank, body in parts]


def without_names(message: bytes) -> bytes:
    return re.sub(rb"(Host|User-Agent): [^\r]*", rb"\1:", message)


def test_the_guide_shows_what_we_order_with_and_what_we_understand(door):
    order, answer, _notice, _taken = exchanges_of_the_guide()
    heard: list[bytes] = []

    def carrier(connected: socket.socket) -> None:
        with tls.listening(door.certificates).wrap_socket(connected, server_side=True) as secured:
            while not b"".join(heard).endswith(b"}"):
                heard.append(secured.recv(65_536))
            secured.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        gateway = es2plus.connect(
            url=f"https://localhost:{server.getsockname()[1]}",
            requester="fairroam",
            tls=tls.calling(door.certificates),
        )
        with ThreadPoolExecutor() as pool:
            ordered = pool.submit(
                gateway.order_profile,
                profile_type="EU-10GB",
                iccid="8999900010000000012",
                call_id=UUID("6d4f7a2e-50a1-4b58-9f0c-2f0e3a1c7d55"),
            )
            carrier(server.accept()[0])

    assert without_names(b"".join(heard)) == without_names(order)
    assert ordered.result().iccid == "8999900010000000012"


@pytest.mark.usefixtures("committed")
def test_the_guide_shows_what_we_are_told_and_what_we_answer(door):
    _order, _answer, notice, taken = exchanges_of_the_guide()
    port = int(door.url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port)) as connected,
        tls.calling(door.certificates).wrap_socket(
            connected, server_hostname="localhost"
        ) as carrier,
    ):
        carrier.sendall(notice)
        answered = carrier.recv(65_536)

    assert CarrierNotice.objects.get().iccid == "8999900010000000012"
    status, *headers = taken.lower().split(b"\r\n")[:2]
    head, _, body = answered.lower().partition(b"\r\n\r\n")
    assert body == b""
    assert head.split(b"\r\n")[0] == status
    assert set(headers) <= set(head.split(b"\r\n"))
    assert b"\r\ncontent-type:" not in head


def test_without_a_certificate_there_is_no_such_door(monkeypatch):
    monkeypatch.delenv("FAIRROAM_PROFILES_DOOR_CERTIFICATE", raising=False)

    assert profiles_door({}, "127.0.0.1", 8445) == []
