"""What the profile server tells the operator while a profile finds its way into a phone.

ES2+ handleDownloadProgressInfo. Points 1 to 4 are GSMA's; 5, 101 and 102 are a vendor's additions
and travel as text, as that vendor sends them.
"""

from __future__ import annotations

from uuid import uuid4

from sandbox import clock
from sandbox.hooks import Hooks
from sandbox.profiles.orders import Refused
from sandbox.profiles.shelf import Profile

ADMIN_PROTOCOL = "gsma/rsp/v2.5.0"
REQUESTER = "sandbox-smdp"
ELIGIBILITY = 1
CONFIRMATION = 2
DOWNLOAD = 3
INSTALLATION = 4
DELETED = "5"
ENABLED = "101"
DISABLED = "102"


class Notices:
    """Records notices within an act of the store; `Hooks` delivers them."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def tell(
        self, profile: Profile, point: int | str, *, eid: str, refused: Refused | None = None
    ) -> None:
        """Report that `profile` reached `point` on the device `eid`, or why it did not."""
        call_id = uuid4().hex
        status: dict[str, object] = {"status": "Executed-Success"}
        if refused:
            status = {
                "status": "Failed",
                "statusCodeData": {
                    "subjectCode": refused.subject_code,
                    "reasonCode": refused.reason_code,
                    "message": refused.message,
                },
            }
        body = {
            "header": {
                "functionRequesterIdentifier": REQUESTER,
                "functionCallIdentifier": call_id,
            },
            "eid": eid,
            "iccid": padded(profile.iccid),
            "profileType": profile.profile_type,
            "timestamp": clock.now().isoformat(timespec="seconds").replace("+00:00", "Z"),
            "notificationPointId": point,
            "notificationPointStatus": status,
        }
        self._hooks.put_body(call_id, f"notice.{point}", body)


def padded(iccid: str) -> str:
    """Return the ICCID as the card holds it: 20 places, the last one F when it has 19 digits."""
    return iccid if len(iccid) == 20 else f"{iccid}F"
