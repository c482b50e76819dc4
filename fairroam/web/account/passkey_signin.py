"""Sign in with a passkey alone: nothing to type, and nothing that could be sent elsewhere."""

from __future__ import annotations

from allauth.account.forms import RequestLoginCodeForm
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


class PasskeySignIn(LoginWebAuthnView):
    """The library's view; an unknown passkey is answered on the page of the sign-in itself."""

    def form_invalid(self, form: Form) -> HttpResponse:
        sentence = _("We do not know this passkey. Take another one, or a code by mail.")
        context = {
            "form": RequestLoginCodeForm(),
            "refusal": {"code": "unknown-passkey", "sentence": sentence},
        }
        return render(self.request, "account/request_login_code.html", context, status=403)

    def get(self, request: HttpRequest, *args: object, **words: object) -> HttpResponse:
        response: HttpResponse = super().get(request, *args, **words)
        if isinstance(response, JsonResponse):
            response["Cache-Control"] = "no-store"
        return response


passkey_signin = PasskeySignIn.as_view()
