"""The few doors of allauth that we open: a code by mail, a passkey, a second factor, and out again.
No passwords, no forms for new accounts: an account comes with the first order."""

from allauth.mfa.base import views as factors
from django.urls import path
from django.views.generic import RedirectView

from fairroam.web.account.signin_views import code_signin, passkey_signin, sign_out, take_code

to_code = RedirectView.as_view(pattern_name="account_request_login_code", query_string=True)

urlpatterns = [
    path("login/code/", code_signin, name="account_request_login_code"),
    path("login/code/confirm/", take_code, name="account_confirm_login_code"),
    path("login/passkey/", passkey_signin, name="mfa_login_webauthn"),
    path("login/second-factor/", factors.authenticate, name="mfa_authenticate"),
    path("logout/", sign_out, name="account_logout"),
    # Names that the library looks up by itself.
    path("login/", to_code, name="account_login"),
    path("signup/", RedirectView.as_view(pattern_name="site:plans"), name="account_signup"),
    path("inactive/", to_code, name="account_inactive"),
    path("email/", to_code, name="account_email_verification_sent"),
]
