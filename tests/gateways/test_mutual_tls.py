"""ES2+ over mutual TLS as we call it: whom we trust, and who trusts us.

The judge of what happened is the stand-in's own log of effects, or every byte a server read.
"""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from fairroam.apps.esims import tasks
from fairroam.gateways.calls import GatewayUnreachable
from fairroam.gateways.profiles import FinalState, ProfileGateway, es2plus
from sandbox.processes import SandboxProcess, free_port
from tests.gateways.given import counterpart, saying_json

TYPE = "EU-10GB"
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(scope="module")
def tls_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def carrier(certificates, tls_port, tmp_path_factory) -> Iterator[SandboxProcess]:
    """A profile server that asks operators for a certificate; its plain port is for the test."""
    arguments = ["--tls-folder", str(certificates), "--tls-port", str(tls_port)]
    folder = tmp_path_factory.mktemp("carrier")
    with SandboxProcess.start("profiles", folder, arguments=arguments) as process:
        yield process


@pytest.fixture
def url(carrier, tls_port) -> str:
    return f"https://localhost:{tls_port}"


def connect(
    url: str, tls: ssl.SSLContext | None, *, patience_seconds: float = 30
) -> ProfileGateway:
    return es2plus.connect(url=url, requester="fairroam", timeout_seconds=patience_seconds, tls=tls)


def showing(certificates: Path, name: str, *, ca: str = "ca") -> ssl.SSLContext:
    return es2plus.mutual_tls(
        ca=certificates / f"{ca}.pem", certificate=certificates / f"{name}.pem"
    )


def order(gateway: ProfileGateway) -> str:
    return gateway.order_profile(profile_type=TYPE, call_id=uuid4()).iccid


@contextmanager
def a_server_showing(certificates: Path, name: str, read: list[bytes]) -> Iterator[str]:
    """A TLS server with this certificate; whatever it reads after the handshake goes to `read`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / f"{name}.pem")

    def answer(connected: socket.socket) -> None:
        with context.wrap_socket(connected, server_side=True) as secured:
            read.append(secured.recv(65_536))

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                connected, _ = server.accept()
                with connected:
                    answer(connected)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}"
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("version", VERSIONS)
def test_all_four_functions_go_through_when_both_sides_show_their_certificates(
    carrier, url, certificates, version
):
    tls = showing(certificates, "client")
    tls.minimum_version = tls.maximum_version = version
    gateway = connect(url, tls)
    iccid = order(gateway)
    gateway.confirm_order(iccid=iccid, release=False, call_id=uuid4())
    gateway.release_profile(iccid=iccid, call_id=uuid4())
    gateway.cancel_order(iccid=iccid, call_id=uuid4(), final_state=FinalState.UNAVAILABLE)

    effects = [one["effect"] for one in carrier.effects(iccid=iccid)]
    assert effects == ["order", "confirm", "release", "cancel"]
    assert iccid not in gateway.list_available(TYPE)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("shown", ["stranger", "expired", "server", None])
def test_the_carrier_lets_nobody_in_without_a_right_certificate(
    carrier, url, certificates, shown, version
):
    before = carrier.effects()
    trusting = ssl.create_default_context(cafile=certificates / "ca.pem")
    tls = showing(certificates, shown) if shown else trusting
    tls.minimum_version = tls.maximum_version = version

    with pytest.raises(GatewayUnreachable):
        order(connect(url, tls))

    assert carrier.effects() == before


@pytest.mark.parametrize(
    ("server", "ca", "reason"),
    [
        ("stranger", "ca", "unable to get local issuer"),
        ("server", "stranger-ca", "unable to get local issuer"),
        ("expired", "ca", "expired"),
        ("elsewhere", "ca", "Hostname mismatch"),
        ("client", "ca", "unsuitable certificate purpose"),
    ],
)
def test_a_server_with_a_wrong_certificate_gets_not_one_byte(certificates, server, ca, reason):
    read: list[bytes] = []
    tls = showing(certificates, "client", ca=ca)

    with (
        a_server_showing(certificates, server, read) as url,
        pytest.raises(GatewayUnreachable, match=f"nothing was sent: .*{reason}"),
    ):
        order(connect(url, tls))

    assert read == []


def test_what_is_sent_after_the_handshake_may_have_had_its_effect(certificates):
    read: list[bytes] = []
    tls = showing(certificates, "client")

    with (
        a_server_showing(certificates, "server", read) as url,
        pytest.raises(GatewayUnreachable) as unknown,
    ):
        order(connect(url, tls))

    assert b"POST /gsma/rsp2/es2plus/downloadOrder HTTP/1.1" in read[0]
    assert "nothing was sent" not in str(unknown.value)


def test_a_server_without_tls_gets_not_one_byte_either(certificates):
    shown = showing(certificates, "client")
    with (
        counterpart(saying_json({})) as url,
        pytest.raises(GatewayUnreachable, match="nothing was sent"),
    ):
        order(connect(url.replace("http:", "https:"), shown, patience_seconds=1))


def test_the_environment_names_nobody_whom_we_trust(carrier, url, certificates, monkeypatch):
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificates / "ca.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    strangers_friend = connect(url, showing(certificates, "client", ca="stranger-ca"))

    with pytest.raises(GatewayUnreachable, match="nothing was sent"):
        order(strangers_friend)
    assert order(connect(url, showing(certificates, "client")))


def test_the_plain_port_does_not_take_orders_any_more(carrier):
    answer = carrier.call("POST", "/gsma/rsp2/es2plus/downloadOrder", json={})

    assert (answer.status_code, answer.json()["error"]) == (403, "certificate_needed")
    with pytest.raises(GatewayUnreachable, match="HTTP 403"):
        order(connect(carrier.url, None))


def test_a_caller_who_never_speaks_holds_up_nobody(url, certificates, tls_port):
    with socket.create_connection(("127.0.0.1", tls_port)):
        assert order(connect(url, showing(certificates, "client")))


def test_the_settings_lead_there(carrier, url, certificates, settings):
    settings.FAIRROAM_PROFILES_URL = url
    settings.FAIRROAM_PROFILES_CA = certificates / "ca.pem"
    settings.FAIRROAM_PROFILES_CERTIFICATE = certificates / "client.pem"

    assert order(tasks.profile_gateway())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"FAIRROAM_PROFILES_CA": ""}, "name it together with a certificate"),
        ({"FAIRROAM_PROFILES_CERTIFICATE": ""}, "name it together with a certificate"),
        ({"FAIRROAM_PROFILES_KEY_FILE": "/nowhere.pem"}, "a file that we may read"),
        ({"FAIRROAM_PROFILES_URL": "http://smdp.example"}, "a certificate needs https://"),
        ({}, ""),
    ],
)
def test_settings_that_do_not_fit_together_stop_the_start(certificates, wrong, sentence):
    variables = {
        "FAIRROAM_PROFILES_URL": "https://smdp.example",
        "FAIRROAM_PROFILES_CA": str(certificates / "ca.pem"),
        "FAIRROAM_PROFILES_CERTIFICATE": str(certificates / "client.pem"),
    }
    start = subprocess.run(
        [sys.executable, "-c", "import fairroam.project.settings"],
        env=os.environ | variables | wrong,
        capture_output=True,
        text=True,
    )

    assert start.returncode == bool(wrong)
    assert sentence in start.stderr


def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(certificates, tmp_path):
    from cryptography.hazmat.primitives import serialization

    pem = (certificates / "client.pem").read_bytes()
    key = serialization.load_pem_private_key(pem, password=None)
    sealed = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a passphrase"),
    )
    (tmp_path / "sealed.pem").write_bytes(sealed)

    with pytest.raises(OSError, match=r"(?i)decrypt|password|PEM"):
        es2plus.mutual_tls(
            ca=certificates / "ca.pem",
            certificate=certificates / "client.pem",
            key=tmp_path / "sealed.pem",
        )


def test_certificates_that_are_there_are_left_alone(certificates):
    before = {file.name: file.read_bytes() for file in certificates.iterdir()}
    script = Path(__file__).parents[2] / "scripts/certificates.py"
    subprocess.run([sys.executable, script, certificates], check=True)

    assert {file.name: file.read_bytes() for file in certificates.iterdir()} == before
    assert {file.stat().st_mode & 0o777 for file in certificates.iterdir()} == {0o600}
