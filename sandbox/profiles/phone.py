"""A phone: fetches a profile by its activation code, installs it, switches it, uses it.

What the radio network must know goes to the lines stand-in, after the act is kept and outside of
it: the network may be slow, and then the phone is too.
"""

from __future__ import annotations

import logging
from typing import Annotated, Any, Literal

import httpx
from msgspec import Meta, Struct
from stdnum.iso7064 import mod_97_10

from sandbox import clock
from sandbox.profiles.notices import (
    CONFIRMATION,
    DELETED,
    DISABLED,
    DOWNLOAD,
    ELIGIBILITY,
    ENABLED,
    INSTALLATION,
    Notices,
)
from sandbox.profiles.orders import Refused
from sandbox.profiles.shelf import Profile, Shelf
from sandbox.serving import EffectLog, Problem
from sandbox.store import Store

EID_STEM = "890490320000000000000000000001"
EID = EID_STEM + mod_97_10.calc_check_digits(EID_STEM)
NETWORK_SECONDS_MAX = 10.0
WRONG_CODES_MAX = 3
BYTES_MAX = 10**13

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class Download(Struct, forbid_unknown_fields=True):
    """Fetch what an activation code leads to."""

    activation_code: str
    eid: str = EID
    confirmation_code: str | None = None


class Installation(Struct, forbid_unknown_fields=True):
    """Unpack a downloaded profile; `fails` plays a phone that cannot."""

    iccid: str
    fails: bool = False


class Switch(Struct, forbid_unknown_fields=True):
    """Switch a profile on, where the phone is, or off."""

    iccid: str
    country: Country = "FR"
    operator: str | None = None


class Deletion(Struct, forbid_unknown_fields=True):
    """Take a profile off the phone for good."""

    iccid: str


class Use(Struct, forbid_unknown_fields=True, rename={"quantity": "bytes"}):
    """Use the line: bytes of data, seconds of voice or messages; `bytes` is the amount of each."""

    iccid: str
    quantity: Annotated[int, Meta(ge=0, le=BYTES_MAX)]
    country: Country
    operator: str | None = None
    kind: Literal["data", "voice", "sms"] = "data"


class Phone:
    """Every phone there is; they differ by their EID."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        notices: Notices,
        effects: EffectLog,
        *,
        smdp_address: str,
        lines_url: str,
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._notices = notices
        self._effects = effects
        self._smdp_address = smdp_address
        self._lines_url = lines_url

    def profiles(self, eid: str) -> list[dict[str, Any]]:
        """Return what the phone `eid` holds."""
        with self._store.act():
            return [_seen(profile) for profile in self._shelf.on_device(eid)]

    def download(self, asked: Download) -> dict[str, Any]:
        """Released -> Downloaded. Raises Problem (409 `refused` with the status codes)."""
        with self._store.act():
            profile = self._by_code(asked.activation_code)
            refused = self._refusal(profile, asked)
            if refused is None:
                self._shelf.change(profile.iccid, state="Downloaded", eid=asked.eid)
                self._notices.tell(profile, ELIGIBILITY, eid=asked.eid)
                self._notices.tell(profile, DOWNLOAD, eid=asked.eid)
                if profile.state != "Downloaded":
                    self._effects.append("download", iccid=profile.iccid, eid=asked.eid)
        if refused:  # Raised only now: a wrong code counts, so its act must be kept.
            raise _problem(refused)
        return self._now(profile.iccid)

    def install(self, asked: Installation) -> dict[str, Any]:
        """Downloaded -> Installed, or Error."""
        with self._store.act():
            profile = self._held(asked.iccid)
            assert profile.eid
            if profile.state == "Downloaded" and asked.fails:
                broken = Refused("8.10", "4.2", "The card could not unpack the profile.")
                self._shelf.change(profile.iccid, state="Error")
                self._notices.tell(profile, INSTALLATION, eid=profile.eid, refused=broken)
            elif profile.state == "Downloaded":
                self._shelf.change(profile.iccid, state="Installed", device_state="disabled")
                self._notices.tell(profile, INSTALLATION, eid=profile.eid)
                self._effects.append("install", iccid=profile.iccid, eid=profile.eid)
            elif profile.state == "Error":
                raise Problem(409, "broken_profile")
        return self._now(asked.iccid)

    def enable(self, asked: Switch) -> dict[str, Any]:
        """Switch the profile on and any other one off; then look for the network."""
        with self._store.act():
            profile = self._installed(asked.iccid)
            assert profile.eid
            for other in self._shelf.on_device(profile.eid):
                if other.device_state == "enabled" and other.iccid != profile.iccid:
                    self._switch(other, "disabled", DISABLED)
            if profile.device_state != "enabled":
                self._switch(profile, "enabled", ENABLED)
        attach = {
            "iccid": asked.iccid,
            "country": asked.country,
            "operator": asked.operator,
            "at": clock.now().isoformat(),
        }
        return self._now(asked.iccid) | {"network": self._network("attach", attach)}

    def disable(self, asked: Switch) -> dict[str, Any]:
        """Switch the profile off."""
        with self._store.act():
            profile = self._installed(asked.iccid)
            if profile.device_state == "enabled":
                self._switch(profile, "disabled", DISABLED)
        return self._now(asked.iccid)

    def use(self, asked: Use) -> dict[str, Any]:
        """Use an enabled profile. Raises Problem (409 `no_service`) when the network says no."""
        with self._store.act():
            if self._installed(asked.iccid).device_state != "enabled":
                raise Problem(409, "not_enabled")
        wanted = {
            "iccid": asked.iccid,
            "kind": asked.kind,
            "quantity": asked.quantity,
            "country": asked.country,
            "operator": asked.operator,
        }
        network = self._network("use", wanted)
        if network.get("service") != "ok":
            raise Problem(409, "no_service", network=network)
        return self._now(asked.iccid) | {"network": network}

    def delete(self, asked: Deletion) -> dict[str, Any]:
        """Take the profile off the phone; the profile server will never give it out again."""
        with self._store.act():
            profile = self._installed(asked.iccid)
            self._switch(profile, "deleted", DELETED)
            self._effects.append("delete", iccid=profile.iccid, eid=profile.eid)
        return self._now(asked.iccid)

    def _by_code(self, activation_code: str) -> Profile:
        prefix, *parts = activation_code.strip().split("$")
        if prefix not in ("LPA:1", "1") or not 2 <= len(parts) <= 4:
            raise Problem(422, "not_an_activation_code")
        if parts[0].lower() != self._smdp_address.lower():
            raise Problem(422, "unknown_server", smdp_address=parts[0])
        profile = self._shelf.find("matching_id", parts[1]) if parts[1] else None
        if profile is None:
            raise _problem(Refused("8.2.6", "3.8", "This code leads to no profile."))
        return profile

    def _refusal(self, profile: Profile, asked: Download) -> Refused | None:
        """Why this phone may not have this profile, told to the operator as well."""
        refused = _state_refusal(profile, asked.eid)
        point = ELIGIBILITY
        if refused is None and profile.confirmation_code:
            refused = self._code_refusal(profile, asked.confirmation_code)
            point = CONFIRMATION
        if refused:
            self._notices.tell(profile, point, eid=asked.eid, refused=refused)
        return refused

    def _code_refusal(self, profile: Profile, given: str | None) -> Refused | None:
        if profile.wrong_codes >= WRONG_CODES_MAX:
            return Refused("8.2.7", "6.4", "Too many wrong confirmation codes.")
        if not given:
            return Refused("8.2.7", "2.2", "A confirmation code is needed.")
        if given != profile.confirmation_code:
            self._shelf.change(profile.iccid, wrong_codes=profile.wrong_codes + 1)
            return Refused("8.2.7", "3.8", "The confirmation code is wrong.")
        return None

    def _held(self, iccid: str) -> Profile:
        profile = self._shelf.find("iccid", iccid)
        if profile is None or profile.eid is None or profile.device_state == "deleted":
            raise Problem(404, "not_on_this_phone")
        if profile.state not in ("Downloaded", "Installed", "Error"):
            raise Problem(404, "not_on_this_phone")
        return profile

    def _installed(self, iccid: str) -> Profile:
        profile = self._held(iccid)
        if profile.state != "Installed":
            raise Problem(409, "not_installed")
        return profile

    def _switch(self, profile: Profile, device_state: str, point: str) -> None:
        assert profile.eid
        self._shelf.change(profile.iccid, device_state=device_state)
        self._notices.tell(profile, point, eid=profile.eid)

    def _now(self, iccid: str) -> dict[str, Any]:
        with self._store.act():
            profile = self._shelf.find("iccid", iccid)
        assert profile
        return _seen(profile)

    def _network(self, act: str, wanted: dict[str, Any]) -> dict[str, Any]:
        if not self._lines_url:
            return {"service": "none"}
        told = {name: value for name, value in wanted.items() if value is not None}
        try:
            with httpx.Client(timeout=NETWORK_SECONDS_MAX, trust_env=False) as client:
                answer: dict[str, Any] = client.post(
                    f"{self._lines_url}/network/{act}", json=told
                ).json()
        except (httpx.HTTPError, ValueError) as error:
            logging.getLogger(__name__).warning("network: %s", type(error).__name__)
            return {"service": "none"}
        return answer


def _state_refusal(profile: Profile, eid: str) -> Refused | None:
    if profile.state in ("Allocated", "Linked", "Confirmed"):
        return Refused("8.2", "1.2", "This profile is not released yet.")
    if profile.eid not in (None, eid):
        return Refused("8.1.1", "3.8", "This profile is meant for another device.")
    if profile.state not in ("Released", "Downloaded"):
        return Refused("8.2.6", "3.8", "This code was used before.")
    return None


def _problem(refused: Refused) -> Problem:
    return Problem(
        409,
        "refused",
        subject_code=refused.subject_code,
        reason_code=refused.reason_code,
        message=refused.message,
    )


def _seen(profile: Profile) -> dict[str, Any]:
    return {
        "iccid": profile.iccid,
        "eid": profile.eid,
        "profile_type": profile.profile_type,
        "state": profile.state,
        "device_state": profile.device_state,
    }
