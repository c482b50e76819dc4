"""The carrier and the network that the settings name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from fairroam.gateways.lines import LineGateway
from fairroam.gateways.lines import sandbox as lines_sandbox
from fairroam.gateways.profiles import ProfileGateway, es2plus


def profile_gateway() -> ProfileGateway:
    """The carrier's profile server that the settings name."""
    return _profile_gateway(
        settings.FAIRROAM_PROFILES_URL,
        settings.FAIRROAM_PROFILES_REQUESTER,
        settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
        settings.FAIRROAM_PROFILES_CA,
        settings.FAIRROAM_PROFILES_CERTIFICATE,
        settings.FAIRROAM_PROFILES_KEY_FILE,
    )


def line_gateway() -> LineGateway:
    """The network that the settings name."""
    return _line_gateway(
        settings.FAIRROAM_LINES_URL,
        settings.FAIRROAM_LINES_KEY,
        settings.FAIRROAM_USAGE_HOOK_SECRET,
        settings.FAIRROAM_GATEWAY_TIMEOUT_SECONDS,
    )


@cache
def _profile_gateway(
    url: str,
    requester: str,
    timeout_seconds: float,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
) -> ProfileGateway:
    tls = None
    if ca and certificate:
        tls = es2plus.mutual_tls(ca=ca, certificate=certificate, key=key)
    return es2plus.connect(url=url, requester=requester, timeout_seconds=timeout_seconds, tls=tls)


@cache
def _line_gateway(url: str, key: str, hook_secret: str, timeout_seconds: float) -> LineGateway:
    return lines_sandbox.connect(
        url=url, key=key, hook_secret=hook_secret, timeout_seconds=timeout_seconds
    )
