"""The four functions of ES2+ that an operator calls (GSMA SGP.22 section 5.3), with their states.

A step that is already done answers as it did the first time and has no second effect.
"""

from __future__ import annotations

import re
import secrets
from typing import Literal

from msgspec import Struct

from sandbox.profiles.shelf import Profile, Shelf
from sandbox.serving import EffectLog

ON_A_PHONE = ("Downloaded", "Installed", "Error")
OPEN = ("Allocated", "Linked", "Confirmed", "Released")
MATCHING_ID = re.compile(r"[0-9A-Z-]{0,255}")
MATCHING_ID_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Refused(Exception):
    """The function failed: subject and reason code of SGP.22 section 5.2.6, and a sentence."""

    def __init__(self, subject_code: str, reason_code: str, message: str) -> None:
        super().__init__(message)
        self.subject_code = subject_code
        self.reason_code = reason_code
        self.message = message


class CallHeader(Struct, rename="camel"):
    """Who calls, and the caller's own number for this call."""

    function_requester_identifier: str
    function_call_identifier: str


class DownloadOrder(Struct, rename="camel"):
    """Set a profile aside, chosen by `iccid` or by `profile_type`."""

    header: CallHeader
    eid: str | None = None
    iccid: str | None = None
    profile_type: str | None = None


class ConfirmOrder(Struct, rename="camel"):
    """Bind a matching id; `release_flag` opens the profile for download."""

    header: CallHeader
    iccid: str
    release_flag: bool
    eid: str | None = None
    matching_id: str | None = None
    confirmation_code: str | None = None
    smds_address: str | None = None


class ReleaseProfile(Struct, rename="camel"):
    """Open a confirmed profile for download."""

    header: CallHeader
    iccid: str


class CancelOrder(Struct, rename="camel"):
    """Take a profile back into stock or to scrap."""

    header: CallHeader
    iccid: str
    final_profile_status_indicator: Literal["Available", "Unavailable"]
    eid: str | None = None
    matching_id: str | None = None


class Orders:
    """Answers the four functions; every method is called within an act of the store."""

    def __init__(self, shelf: Shelf, effects: EffectLog, smdp_address: str) -> None:
        self._shelf = shelf
        self._effects = effects
        self._smdp_address = smdp_address

    def download_order(self, asked: DownloadOrder) -> dict[str, str]:
        """Available, or deleted and reusable -> Allocated, or Linked when a device is named."""
        profile = self._chosen(asked) if asked.iccid else self._any(asked.profile_type)
        requester = asked.header.function_requester_identifier
        if profile.state in OPEN and profile.requester == requester:
            if asked.eid not in (None, profile.eid):
                raise Refused("8.2.1", "3.10", "This profile is bound to another EID.")
        elif profile.state != "Available" and not (
            profile.can_be_reused and profile.requester == requester
        ):
            raise Refused("8.2.1", "3.3", "This profile is not available.")
        else:
            state = "Linked" if asked.eid else "Allocated"
            self._shelf.change(
                profile.iccid,
                state=state,
                device_state=None,
                requester=requester,
                eid=asked.eid,
                wrong_codes=0,
            )
            self._tell("order", asked.header, profile)
        return {"iccid": profile.iccid}

    def confirm_order(self, asked: ConfirmOrder) -> dict[str, str]:
        """Allocated or Linked -> Confirmed or Released."""
        profile = self._own(asked.iccid, asked.header)
        if profile.state in ON_A_PHONE:
            raise Refused("8.2.1", "3.3", "This profile is already downloaded.")
        if profile.state not in OPEN:
            raise Refused("8.2.1", "3.5", "This profile is not ordered.")
        if asked.eid and profile.eid not in (None, asked.eid):
            raise Refused("8.2.1", "3.10", "This profile is bound to another EID.")
        matching_id = self._matching_id(asked, profile)
        is_released = asked.release_flag or profile.state == "Released"
        state = "Released" if is_released else "Confirmed"
        if state != profile.state:
            self._shelf.change(
                profile.iccid,
                state=state,
                eid=asked.eid or profile.eid,
                matching_id=matching_id,
                confirmation_code=asked.confirmation_code or profile.confirmation_code,
            )
            self._tell("confirm", asked.header, profile, released=is_released)
        answer = {"matchingId": matching_id, "smdpAddress": self._smdp_address}
        return answer | ({"eid": asked.eid} if asked.eid else {})

    def release_profile(self, asked: ReleaseProfile) -> dict[str, str]:
        """Confirmed -> Released."""
        profile = self._own(asked.iccid, asked.header)
        if profile.state == "Confirmed":
            self._shelf.change(profile.iccid, state="Released")
            self._tell("release", asked.header, profile)
        elif profile.state != "Released":
            raise Refused("8.2.1", "3.5", f"A profile that is {profile.state} is not released.")
        return {}

    def cancel_order(self, asked: CancelOrder) -> dict[str, str]:
        """Allocated, Linked, Confirmed or Released -> Available or Unavailable."""
        profile = self._own(asked.iccid, asked.header)
        final_state = asked.final_profile_status_indicator
        if profile.state in ON_A_PHONE:
            raise Refused("8.2.1", "3.3", "This profile is already downloaded.")
        if profile.state == final_state:
            return {}
        if profile.state not in OPEN:
            raise Refused("8.2.1", "3.5", f"This profile is already {profile.state}.")
        if asked.matching_id not in (None, profile.matching_id):
            raise Refused("8.2.6", "3.10", "Another matching id is bound to this profile.")
        if asked.eid not in (None, profile.eid):
            raise Refused("8.2.1", "3.10", "This profile is bound to another EID.")
        self._shelf.change(
            profile.iccid, state=final_state, eid=None, matching_id=None, confirmation_code=None
        )
        self._tell("cancel", asked.header, profile, final_state=final_state)
        return {}

    def _chosen(self, asked: DownloadOrder) -> Profile:
        assert asked.iccid
        profile = self._known(asked.iccid)
        if asked.profile_type not in (None, profile.profile_type):
            raise Refused("8.2.5", "3.8", "This profile is of another type.")
        return profile

    def _any(self, profile_type: str | None) -> Profile:
        if not profile_type:
            raise Refused("8.2.5", "2.2", "Name an ICCID or a profile type.")
        if not self._shelf.is_carried(profile_type):
            raise Refused("8.2.5", "3.9", "No such profile type.")
        for iccid in self._shelf.available(profile_type, limit=1):
            return self._known(iccid)
        raise Refused("8.2.5", "3.7", "No profile of this type is left.")

    def _known(self, iccid: str) -> Profile:
        profile = self._shelf.find("iccid", iccid.rstrip("Ff"))
        if profile is None:
            raise Refused("8.2.1", "3.9", "No such ICCID.")
        return profile

    def _own(self, iccid: str, header: CallHeader) -> Profile:
        profile = self._known(iccid)
        if profile.requester != header.function_requester_identifier:
            raise Refused("8.2.1", "1.2", "This profile was not ordered by you.")
        return profile

    def _matching_id(self, asked: ConfirmOrder, profile: Profile) -> str:
        """The one that is bound already, else the caller's, else a new one."""
        if profile.matching_id is not None:
            if asked.matching_id not in (None, profile.matching_id):
                raise Refused("8.2.6", "3.10", "Another matching id is bound to this profile.")
            return profile.matching_id
        if asked.matching_id is None:
            return mint_matching_id()
        if not MATCHING_ID.fullmatch(asked.matching_id):
            raise Refused("8.2.6", "2.1", "A matching id is digits, capital letters and hyphens.")
        if asked.matching_id == "" and not (asked.eid or profile.eid):
            raise Refused("8.1.1", "2.2", "Without a matching id the device must be named.")
        if asked.matching_id and self._shelf.find("matching_id", asked.matching_id):
            raise Refused("8.2.6", "3.3", "This matching id is in use.")
        return asked.matching_id

    def _tell(self, effect: str, header: CallHeader, profile: Profile, **facts: object) -> None:
        self._effects.append(
            effect,
            iccid=profile.iccid,
            profile_type=profile.profile_type,
            requester=header.function_requester_identifier,
            call_id=header.function_call_identifier,
            **facts,
        )


def mint_matching_id() -> str:
    """Return 16 letters and digits that are not mistaken for each other, in groups of four."""
    letters = [secrets.choice(MATCHING_ID_LETTERS) for _ in range(16)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))
