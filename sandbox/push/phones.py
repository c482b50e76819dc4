"""Phones of this stand-in: they make their own keys, and show what was pushed to them."""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from sandbox.serving import Answer, Problem, Request, Service, json_answer

NAME = re.compile(r"[a-z0-9-]{1,40}")


def add_phones(service: Service) -> None:
    """`POST /phones/NAME`: what its browser gives a site; `GET`: what the site pushed to it."""

    @service.route("POST", "/phones/{name}", is_open=True)
    def subscribe(request: Request) -> Answer:
        name = name_of(request)
        point = key_of(service.folder, name).public_key()
        raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": written(raw), "auth": written(secret_of(service.folder, name))}
        endpoint = f"http://127.0.0.1:{service.port}/devices/{name}"
        return json_answer({"endpoint": endpoint, "keys": keys}, 201)

    @service.route("GET", "/phones/{name}", is_open=True)
    def read(request: Request) -> Answer:
        name = name_of(request)
        log = service.folder / "effects.jsonl"
        lines = log.read_text().splitlines() if log.exists() else []
        pushed = [one for one in map(json.loads, lines) if one.get("device") == name]
        return json_answer({"messages": [opened(service.folder, name, one) for one in pushed]}, 200)


def name_of(request: Request) -> str:
    name = request.parts["name"]
    if not NAME.fullmatch(name):
        raise Problem(404, "no_such_phone")
    return name


def opened(folder: Path, name: str, pushed: dict[str, Any]) -> Any:
    """The message as the phone shows it."""
    content = http_ece.decrypt(
        b64decode(pushed["body"]),
        private_key=key_of(folder, name),
        auth_secret=secret_of(folder, name),
        version="aes128gcm",
    )
    return json.loads(content)


def key_of(folder: Path, name: str) -> EllipticCurvePrivateKey:
    """The phone's own key, made at the first need."""
    file = folder / f"{name}.pem"
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(made.private_bytes(*form))
    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key


def secret_of(folder: Path, name: str) -> bytes:
    """16 bytes that the phone shares with the site (RFC 8291), of its own key."""
    key_of(folder, name)
    return sha256((folder / f"{name}.pem").read_bytes()).digest()[:16]


def written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
