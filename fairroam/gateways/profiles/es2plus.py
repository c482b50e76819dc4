"""Any profile server that speaks GSMA ES2+ (SGP.22 section 5.3): JSON over HTTP, 200 on failure.

Both sides show certificates; only a stand-in on the same machine is called without.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from fairroam.gateways.calls import Door
from fairroam.gateways.identifiers import BadIdentifier, normalise_iccid
from fairroam.gateways.profiles import (
    AlreadyDownloaded,
    AnswerMismatch,
    BadNotice,
    Capabilities,
    CodeRefused,
    ConfirmationCodeRefused,
    ConfirmedOrder,
    DeviceRefused,
    DiscoveryFailed,
    FinalState,
    GatewayUnreachable,
    NoticeKind,
    OrderedProfile,
    OrderExpired,
    OutOfStock,
    ProfileGateway,
    ProfileRefused,
    ProfileTaken,
    ProgressNotice,
    UnknownProfile,
    WrongState,
)

ADMIN_PROTOCOL = "gsma/rsp/v2.5.0"
ACCEPTED_PROTOCOL = "gsma/rsp/v2."
# Subject and reason code (SGP.22 section 5.2.6) -> what can be done, and our word for it.
REFUSALS: dict[tuple[str, str], tuple[type[ProfileRefused], str]] = {
    ("8.2.1", "3.3"): (ProfileTaken, "profile-not-available"),
    ("8.2.1", "3.5"): (WrongState, "wrong-state"),
    ("8.2.1", "3.9"): (UnknownProfile, "unknown-profile"),
    ("8.2.1", "1.2"): (UnknownProfile, "profile-not-ours"),
    ("8.2.1", "3.10"): (UnknownProfile, "profile-of-another-device"),
    ("8.2.5", "3.7"): (OutOfStock, "out-of-stock"),
    ("8.2.5", "3.8"): (OutOfStock, "profile-of-another-type"),
    ("8.2.5", "3.9"): (OutOfStock, "unknown-profile-type"),
    ("8.2.5", "1.2"): (OutOfStock, "profile-type-not-ours"),
    ("8.2.6", "3.3"): (CodeRefused, "matching-id-in-use"),
    ("8.2.6", "3.10"): (CodeRefused, "other-matching-id"),
    ("8.2.6", "3.8"): (CodeRefused, "matching-id-refused"),
    ("8.2.7", "2.2"): (ConfirmationCodeRefused, "confirmation-code-missing"),
    ("8.2.7", "3.8"): (ConfirmationCodeRefused, "confirmation-code-wrong"),
    ("8.2.7", "6.4"): (ConfirmationCodeRefused, "confirmation-code-tried-too-often"),
    ("8.8.5", "4.10"): (OrderExpired, "order-expired"),
    ("8.8.5", "6.4"): (OrderExpired, "downloaded-too-often"),
    ("8.1.1", "2.2"): (DeviceRefused, "device-missing"),
    ("8.1.1", "3.8"): (DeviceRefused, "other-device"),
    ("8.1.1", "3.10"): (DeviceRefused, "device-bound-elsewhere"),
    ("8.9", "5.1"): (DiscoveryFailed, "discovery-unreachable"),
    ("8.9", "4.2"): (DiscoveryFailed, "discovery-failed"),
}
# Points 1 to 4 are GSMA's. The others are vendors' own; one of them calls 101 "installed", though
# that is point 4: it is sent when the profile is switched on, as 102 is when it is switched off.
POINTS = {
    "1": NoticeKind.ELIGIBILITY,
    "2": NoticeKind.CONFIRMATION_FAILED,
    "3": NoticeKind.DOWNLOADED,
    "4": NoticeKind.INSTALLED,
    "5": NoticeKind.DELETED,
    "101": NoticeKind.ENABLED,
    "102": NoticeKind.DISABLED,
}
EPOCH_SECONDS_MAX = 10**11  # Larger numbers count milliseconds.


class _StatusCode(msgspec.Struct, rename="camel"):
    subject_code: str = ""
    reason_code: str = ""
    message: str | None = None


class _Status(msgspec.Struct, rename="camel"):
    status: str
    status_code_data: _StatusCode | None = None


class _AnswerHeader(msgspec.Struct, rename="camel"):
    function_execution_status: _Status


class _Answer(msgspec.Struct, rename="camel"):
    header: _AnswerHeader
    iccid: str | None = None
    matching_id: str | None = None
    smdp_address: str | None = None


class _Stock(msgspec.Struct):
    profile_type: str
    iccids: list[str]


Wanted = TypeVar("Wanted", bound=msgspec.Struct)


def mutual_tls(*, ca: Path, certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """Return how both sides prove who they are: the server is checked, host name included.

    ca: whom we trust, and nobody else. certificate: ours, with what leads up to the authority.
    key: where it is not in the file of the certificate; without a passphrase, since nobody is
    there to type it. Raises OSError (ssl.SSLError among them) for files that do not fit.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=ca)
    context.load_cert_chain(certificate, key, password="")
    return context


def connect(
    *,
    url: str,
    requester: str,
    timeout_seconds: float = 20.0,
    smdp_address: str = "",
    tls: ssl.SSLContext | None = None,
) -> ProfileGateway:
    """Return the gateway to the profile server at `url` (its root, no path).

    requester: the functionRequesterIdentifier that was agreed on. timeout_seconds: for one whole
    call. smdp_address: the host name for activation codes where answers carry none; else the
    host of `url`. tls: see `mutual_tls`.
    """
    door = Door(url=url, timeout_seconds=timeout_seconds, tls=tls)
    return Es2PlusProfiles(door=door, requester=requester, smdp_address=smdp_address or door.host)


class Es2PlusProfiles:
    """See `ProfileGateway`. Safe to share between threads."""

    capabilities = Capabilities(lists_stock=True)

    def __init__(self, *, door: Door, requester: str, smdp_address: str) -> None:
        self._door = door
        self._requester = requester
        self._smdp_address = smdp_address

    def list_available(self, profile_type: str) -> list[str]:
        """See `ProfileGateway`. Not part of ES2+: carriers send such lists in ways of their own."""
        answered = self._door.get("/stock", headers={}, profile_type=profile_type)
        if answered.status == 404:
            raise _refusal("downloadOrder", _StatusCode("8.2.5", "3.9", "no such profile type"))
        if answered.status != 200:
            raise GatewayUnreachable(f"stock: HTTP {answered.status}")
        return [_iccid(iccid) for iccid in _read(answered.json(), _Stock).iccids]

    def order_profile(
        self, *, profile_type: str, call_id: UUID, eid: str | None = None, iccid: str | None = None
    ) -> OrderedProfile:
        """See `ProfileGateway`."""
        answer = self._call(
            "downloadOrder", call_id, profileType=profile_type, eid=eid, iccid=iccid
        )
        if not answer.iccid:
            raise GatewayUnreachable("downloadOrder: an answer without its ICCID")
        ordered = _iccid(answer.iccid)
        if iccid not in (None, ordered):
            raise AnswerMismatch(f"ordered {iccid}, answered {ordered}")
        return OrderedProfile(iccid=ordered)

    def confirm_order(
        self,
        *,
        iccid: str,
        release: bool,
        call_id: UUID,
        matching_id: str | None = None,
        eid: str | None = None,
    ) -> ConfirmedOrder:
        """See `ProfileGateway`."""
        answer = self._call(
            "confirmOrder",
            call_id,
            iccid=iccid,
            releaseFlag=release,
            matchingId=matching_id,
            eid=eid,
        )
        if answer.matching_id is None:
            raise GatewayUnreachable("confirmOrder: an answer without its matching id")
        if matching_id not in (None, answer.matching_id):
            raise AnswerMismatch(f"{iccid}: another matching id than asked for")
        return ConfirmedOrder(
            matching_id=answer.matching_id,
            smdp_address=answer.smdp_address or self._smdp_address,
        )

    def release_profile(self, *, iccid: str, call_id: UUID) -> None:
        """See `ProfileGateway`."""
        self._call("releaseProfile", call_id, iccid=iccid)

    def cancel_order(self, *, iccid: str, call_id: UUID, final_state: FinalState) -> None:
        """See `ProfileGateway`."""
        self._call(
            "cancelOrder", call_id, iccid=iccid, finalProfileStatusIndicator=final_state.value
        )

    def parse_progress(self, *, body: bytes, headers: Mapping[str, str]) -> ProgressNotice:
        """See `ProfileGateway`."""
        by_name = {name.lower(): value for name, value in headers.items()}
        if not by_name.get("x-admin-protocol", ACCEPTED_PROTOCOL).startswith(ACCEPTED_PROTOCOL):
            raise BadNotice("X-Admin-Protocol")
        told = _object(body)
        try:
            iccid = normalise_iccid(str(told["iccid"]))
        except (KeyError, BadIdentifier) as error:
            raise BadNotice("iccid") from error
        point = _text(told.get("notificationPointId", ""))
        eid = _text(told["eid"]) if told.get("eid") else None
        raw_time = told.get("timestamp", told.get("timeStamp"))
        succeeded = _is_success(told.get("notificationPointStatus"))
        return ProgressNotice(
            iccid=iccid,
            eid=eid,
            kind=POINTS.get(point, NoticeKind.UNKNOWN),
            point=point,
            succeeded=succeeded,
            happened_at=_instant(raw_time),
            # A failure and a success of one second are two notices, whichever comes first.
            key=json.dumps([iccid, eid, point, raw_time, succeeded]),
        )

    def _call(self, function: str, call_id: UUID, **fields: object) -> _Answer:
        header = {
            "functionRequesterIdentifier": self._requester,
            "functionCallIdentifier": str(call_id),
        }
        given = {name: value for name, value in fields.items() if value is not None}
        answered = self._door.post(
            f"/gsma/rsp2/es2plus/{function}",
            headers={"X-Admin-Protocol": ADMIN_PROTOCOL},
            body={"header": header} | given,
        )
        if answered.status != 200:
            raise GatewayUnreachable(f"{function}: HTTP {answered.status}")
        answer = _read(answered.json(), _Answer)
        outcome = answer.header.function_execution_status
        if outcome.status == "Failed":
            raise _refusal(function, outcome.status_code_data or _StatusCode())
        if outcome.status not in ("Executed-Success", "Executed-WithWarning"):
            # "Expired" among them: nobody says whether anything was done.
            raise GatewayUnreachable(f"{function}: {outcome.status}")
        return answer


def _read(told: dict[str, Any], wanted: type[Wanted]) -> Wanted:
    try:
        return msgspec.convert(told, wanted)
    except msgspec.ValidationError as error:
        raise GatewayUnreachable(str(error)) from error


def _iccid(answered: str) -> str:
    try:
        return normalise_iccid(answered)
    except BadIdentifier as error:
        raise GatewayUnreachable("an answer whose ICCID is none") from error


def _refusal(function: str, status: _StatusCode) -> ProfileRefused:
    codes = (status.subject_code, status.reason_code)
    kind, code = REFUSALS.get(codes, (ProfileRefused, "refused"))
    if function == "cancelOrder" and codes == ("8.2.1", "3.3"):
        kind, code = AlreadyDownloaded, "already-downloaded"
    return kind(
        code,
        subject_code=status.subject_code,
        reason_code=status.reason_code,
        message=status.message or "",
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadNotice("json") from error
    if not isinstance(told, dict):
        raise BadNotice("json")
    return told


def _text(told: object) -> str:
    """JSON may hold halves of characters, which no database keeps: they become question marks."""
    return str(told).encode(errors="replace").decode()


def _is_success(status: object) -> bool:
    """Only a plain failure is one: a download that we overlook would cost a full refund."""
    if isinstance(status, dict):
        status = status.get("status")
    return str(status).lower() not in ("failed", "expired")


def _instant(told: object) -> datetime | None:
    """Read ISO 8601 (UTC where no zone is named) or the seconds or milliseconds since 1970."""
    text = "" if isinstance(told, bool) else str(told).strip()
    try:
        if text.isdecimal():
            seconds = int(text)
            return datetime.fromtimestamp(
                seconds / 1000 if seconds > EPOCH_SECONDS_MAX else seconds, UTC
            )
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
