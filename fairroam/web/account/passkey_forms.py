"""Forms of passkeys that take whatever is sent: what is no credential is a wrong one, no crash."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn import forms

MALFORMED = (AttributeError, KeyError, IndexError, TypeError, ValueError)


class AddPasskey(forms.AddWebAuthnForm):
    """A new passkey."""

    def clean(self) -> dict[str, Any]:
        """The credential that the device made."""
        try:
            said: dict[str, Any] = super().clean()
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return said


class ShowPasskey(forms.AuthenticateWebAuthnForm):
    """A passkey as second factor at the sign-in."""

    def clean_credential(self) -> Authenticator:
        """Whose passkey it is."""
        try:
            found: Authenticator = super().clean_credential()
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return found


class SignInWithPasskey(ShowPasskey, forms.LoginWebAuthnForm):
    """A passkey alone."""


class ProveByPasskey(ShowPasskey, forms.ReauthenticateWebAuthnForm):
    """A passkey right before an act."""
