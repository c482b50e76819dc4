"""eSIM profiles of a carrier: order one, confirm it, release it to a phone, take it back.

The interface cannot be asked what became of an order. After a time-out or a crash the way out is
always the same direction again: a step that is already done answers as it did the first time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from fairroam.gateways.calls import AnswerMismatch, GatewayUnreachable

__all__ = [
    "AlreadyDownloaded",
    "AnswerMismatch",
    "BadNotice",
    "Capabilities",
    "CodeRefused",
    "ConfirmationCodeRefused",
    "ConfirmedOrder",
    "DeviceRefused",
    "DiscoveryFailed",
    "FinalState",
    "GatewayUnreachable",
    "NoticeKind",
    "OrderExpired",
    "OrderedProfile",
    "OutOfStock",
    "ProfileGateway",
    "ProfileRefused",
    "ProfileTaken",
    "ProgressNotice",
    "UnknownProfile",
    "WrongState",
]


class FinalState(StrEnum):
    """What a cancelled profile becomes: stock again, or scrap."""

    AVAILABLE = "Available"
    UNAVAILABLE = "Unavailable"


class NoticeKind(StrEnum):
    """What a progress notice tells."""

    ELIGIBILITY = "eligibility"
    CONFIRMATION_FAILED = "confirmation_failed"
    DOWNLOADED = "downloaded"
    INSTALLED = "installed"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """lists_stock: we may see which profiles are free and choose one before we order it."""

    lists_stock: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderedProfile:
    """A profile set aside for us."""

    iccid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedOrder:
    """What an activation code is made of. The matching id is a secret, so `repr` hides it."""

    matching_id: str = field(repr=False)
    smdp_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressNotice:
    """What a carrier tells about a profile on its way into a phone.

    point: as it was sent, for kinds that we do not know. happened_at: the sender's clock; None
    when it named no readable instant, then the moment of arrival is all there is.
    key: the same for every copy of this notice.
    """

    iccid: str
    eid: str | None
    kind: NoticeKind
    point: str
    succeeded: bool
    happened_at: datetime | None
    key: str


class BadNotice(ValueError):
    """These bytes are no progress notice: not JSON, or about no profile. Names the field."""


class ProfileRefused(Exception):
    """The carrier refused, for good as things stand. Subclasses say what can be done next.

    code: our word for the reason. subject_code, reason_code: theirs, text, since 3.10 is not 3.1.
    """

    def __init__(self, code: str, *, subject_code: str, reason_code: str, message: str) -> None:
        super().__init__(f"{code} ({subject_code}/{reason_code}) {message}".rstrip())
        self.code = code
        self.subject_code = subject_code
        self.reason_code = reason_code
        self.message = message


class AlreadyDownloaded(ProfileRefused):
    """Cancelling came too late, a phone has it: end the line, then decide again."""


class ProfileTaken(ProfileRefused):
    """This profile is not free for this step: choose another one."""


class WrongState(ProfileRefused):
    """The step does not fit the profile's state: compare with ours, repeat the same direction."""


class UnknownProfile(ProfileRefused):
    """No such profile, not ours, or another device's: an alarm, no retry."""


class OutOfStock(ProfileRefused):
    """No profile of this type for us: pay back or try another supplier."""


class CodeRefused(ProfileRefused):
    """The matching id is in use, belongs elsewhere or was refused: issue a new one."""


class ConfirmationCodeRefused(ProfileRefused):
    """The confirmation code is missing, wrong or tried too often; the last needs a new order."""


class OrderExpired(ProfileRefused):
    """The download order ran out of time or of tries: issue it again."""


class DeviceRefused(ProfileRefused):
    """The device is missing, another one, or bound elsewhere: the change of device begins."""


class DiscoveryFailed(ProfileRefused):
    """The discovery server did not help; the activation code works all the same. Retry later."""


class ProfileGateway(Protocol):
    """The carrier's profile server.

    Every call may raise ProfileRefused, AnswerMismatch, or GatewayUnreachable (no answer, so the
    outcome is unknown: the same call again, before anything else). A server whose certificate is
    wrong is unreachable too: nothing was sent to it, nothing happened, and the words say so.
    `call_id` is for both sides' logs; the carrier does not recognise a repeat by it.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this carrier can do beyond the four steps."""

    def list_available(self, profile_type: str) -> list[str]:
        """Return ICCIDs that are free to order, a first few. Only where `lists_stock`."""

    def order_profile(
        self, *, profile_type: str, call_id: UUID, eid: str | None = None, iccid: str | None = None
    ) -> OrderedProfile:
        """Set one profile of `profile_type` aside, for the device `eid` if given.

        With `iccid` a repeat answers the same, so this is the way to survive a crash: choose from
        `list_available`, store the choice, order exactly that one; on ProfileTaken choose anew.
        Without it each call sets another profile aside: one whose answer was lost stays allocated
        to us without an owner until somebody cancels it.
        """

    def confirm_order(
        self,
        *,
        iccid: str,
        release: bool,
        call_id: UUID,
        matching_id: str | None = None,
        eid: str | None = None,
    ) -> ConfirmedOrder:
        """Bind a matching id, theirs or ours; with `release` a phone may download at once."""

    def release_profile(self, *, iccid: str, call_id: UUID) -> None:
        """Let a phone download what was confirmed."""

    def cancel_order(self, *, iccid: str, call_id: UUID, final_state: FinalState) -> None:
        """Take the profile back, so that no phone can download it any more.

        Returns: it is proven off. AlreadyDownloaded: it is not, and money must wait. Repeat with
        the same `final_state`. After AVAILABLE a late repeat would also take the profile from its
        next buyer, so whoever pays money on this proof scraps the profile: UNAVAILABLE.
        """

    def parse_progress(self, *, body: bytes, headers: Mapping[str, str]) -> ProgressNotice:
        """Read what the carrier sent us; unknown kinds are kept, not refused. Raises BadNotice.

        Who sent it is not proven here: the listener's certificates or network must do that.
        """
