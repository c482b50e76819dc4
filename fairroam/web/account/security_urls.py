"""The pages of factors, which are the sign-in library's, in our look and behind our step-up."""

from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.urls import path
from django.views.generic import RedirectView

from fairroam.web.account import preferences, sessions
from fairroam.web.account.security import change_of_factors, overview

guard = change_of_factors
to_overview = RedirectView.as_view(pattern_name="mfa_index")

urlpatterns = [
    path("", overview, name="mfa_index"),
    path("passkeys/add/", guard(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("passkeys/<int:pk>/remove/", guard(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
    path("authenticator/add/", guard(totp.activate_totp), name="mfa_activate_totp"),
    path("authenticator/remove/", guard(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "recovery-codes/", guard(recovery_codes.view_recovery_codes), name="mfa_view_recovery_codes"
    ),
    path(
        "recovery-codes/new/",
        guard(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("devices/<int:session_id>/end/", sessions.end, name="end_session"),
    path("devices/end-others/", sessions.end_others, name="end_other_sessions"),
    path("address/", preferences.change_address, name="change_address"),
    path("address/code/", preferences.confirm_address, name="confirm_address"),
    path("preferences/", preferences.preferences, name="preferences"),
    # Names that the library looks up by itself.
    path("passkeys/", to_overview, name="mfa_list_webauthn"),
    path("again/", to_overview, name="account_reauthenticate"),
    path("again/factor/", to_overview, name="mfa_reauthenticate"),
]
