"""What identifies a profile, a device and a download: ICCID, EID, activation code.

Sources: ITU-T E.118 (ICCID), GSMA SGP.29 (EID), GSMA SGP.22 section 4.1 (activation code).
All identifiers are text: a leading zero counts, and no arithmetic is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import quote

from stdnum.iso7064 import mod_97_10

__all__ = [
    "ActivationCode",
    "BadIdentifier",
    "check_eid",
    "normalise_iccid",
    "parse_activation_code",
]

ICCID = re.compile(r"[0-9]{18,20}")
EID = re.compile(r"89[0-9]{30}")
MATCHING_ID = re.compile(r"[0-9A-Z-]{0,255}")
OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
HOST_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"{HOST_LABEL}(\.{HOST_LABEL})*")
IPHONE_LINK = "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata="
ANDROID_LINK = "https://esimsetup.android.com/esim_qrcode_provisioning?carddata="


class BadIdentifier(ValueError):
    """This text is not such an identifier. `code` says which rule it broke.

    The text itself is not repeated: an activation code is a secret.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def normalise_iccid(text: str) -> str:
    """Return the 18 to 20 digits of an ICCID; one trailing F pads an odd length on the card.

    A wrong check digit passes: suppliers hand out such cards. Raises BadIdentifier.
    """
    digits = text.strip().removesuffix("F").removesuffix("f")
    if not ICCID.fullmatch(digits):
        raise BadIdentifier("iccid-is-18-to-20-digits")
    return digits


def check_eid(text: str) -> str:
    """Return the 32 digits of an EID, whose last two are its check digits. Raises BadIdentifier."""
    digits = text.strip()
    if not EID.fullmatch(digits):
        raise BadIdentifier("eid-is-32-digits-from-89")
    if not mod_97_10.is_valid(digits):
        raise BadIdentifier("eid-check-digits")
    return digits


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationCode:
    """What a phone needs to fetch a profile: a bearer secret, so `repr` hides it.

    matching_id: digits, capital letters and hyphens; empty where the phone's own default server
    or its EID leads to the profile. needs_confirmation_code: a second code travels elsewhere.
    """

    smdp_address: str
    matching_id: str = field(default="", repr=False)
    smdp_oid: str = ""
    needs_confirmation_code: bool = False

    def __post_init__(self) -> None:
        if len(self.smdp_address) > 253 or not HOST.fullmatch(self.smdp_address):
            raise BadIdentifier("smdp-address-is-a-host-name")
        if not MATCHING_ID.fullmatch(self.matching_id):
            raise BadIdentifier("matching-id-is-digits-capitals-hyphens")
        if self.smdp_oid and not OID.fullmatch(self.smdp_oid):
            raise BadIdentifier("smdp-oid-is-dotted-numbers")

    @property
    def lpa(self) -> str:
        """The text of the QR code, e.g. `LPA:1$rsp.example.com$ABCD-1234`."""
        parts = ["LPA:1", self.smdp_address, self.matching_id]
        if self.smdp_oid or self.needs_confirmation_code:
            parts.append(self.smdp_oid)
        if self.needs_confirmation_code:
            parts.append("1")
        return "$".join(parts)

    @property
    def masked(self) -> str:
        """Enough of the code to talk about it, and too little to install anything with it."""
        return f"{self.matching_id[:5].rstrip('-')}-…" if self.matching_id else ""

    @property
    def iphone_link(self) -> str:
        """Installs with one tap on iOS 17.4 and later."""
        return IPHONE_LINK + quote(self.lpa, safe="")

    @property
    def android_link(self) -> str:
        """Installs with one tap on most phones with Android 10 and later."""
        return ANDROID_LINK + quote(self.lpa, safe="")


def parse_activation_code(text: str) -> ActivationCode:
    """Read an activation code with or without its `LPA:` in front. Raises BadIdentifier.

    Only the letters of `LPA:` may be small: a matching id keeps its case, so a code that was
    made small as a whole is refused rather than repaired.
    """
    stripped = text.strip()
    bare = stripped[4:] if stripped[:4].upper() == "LPA:" else stripped
    version, *parts = bare.split("$")
    if version != "1" or not 2 <= len(parts) <= 4:
        raise BadIdentifier("activation-code-has-three-to-five-parts")
    address, matching_id, oid, confirmation = (*parts, "", "")[:4]
    if confirmation not in ("", "1"):
        raise BadIdentifier("confirmation-mark-is-1-or-absent")
    return ActivationCode(
        smdp_address=address,
        matching_id=matching_id,
        smdp_oid=oid,
        needs_confirmation_code=confirmation == "1",
    )
