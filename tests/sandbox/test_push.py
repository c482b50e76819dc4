"""The push stand-in's phones: what was encrypted for one, it shows; another one's it does not."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.processes import SandboxProcess


def test_a_phone_shows_what_was_pushed_to_it(tmp_path: Path) -> None:
    with SandboxProcess.start("push", tmp_path / "push") as service:
        phone = service.client.post("/phones/ada").raise_for_status().json()
        assert service.client.post("/phones/ada").json() == phone
        told = {"title": "fairroam", "body": "Paid"}
        body = http_ece.encrypt(
            json.dumps(told).encode(),
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=urlsafe_b64decode(phone["keys"]["p256dh"] + "=="),
            auth_secret=urlsafe_b64decode(phone["keys"]["auth"] + "=="),
            version="aes128gcm",
        )
        headers = {"Content-Encoding": "aes128gcm", "TTL": "60"}
        answer = service.client.post(phone["endpoint"], content=body, headers=headers)
        assert answer.status_code == 201
        assert service.client.get("/phones/ada").json() == {"messages": [told]}
        assert service.client.get("/phones/bo").json() == {"messages": []}
        assert service.client.get("/phones/..pem").status_code == 404
