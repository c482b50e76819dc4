"""The doors of the sign-in where the library's answer is not ours."""

from __future__ import annotations

from typing import Any

from allauth.account.views import ConfirmLoginCodeView, LogoutView, RequestLoginCodeView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from fairroam.apps.customers.models import User
from fairroam.web.account.code_form import AddressForm

# The browser forgets what it kept of us, the worker included (W3C Clear Site Data).
LEAVE_NOTHING = '"cache", "storage"'
OFTEN = {"rate_limited", "too_many_login_attempts"}


class CodeSignIn(RequestLoginCodeView):
    """Ask for a code. Too often, for one address or from one network, is 429 and no mail."""

    def form_invalid(self, form: Form) -> HttpResponse:
        codes = {error.code for errors in form.errors.as_data().values() for error in errors}
        context = self.get_context_data(form=form)
        return self.render_to_response(context, status=429 if codes & OFTEN else 422)


class TakeCode(ConfirmLoginCodeView):
    """Take the code. For nobody's address as much is read as for somebody's: it takes as long.

    A code that went to an address which is the account's no more is never the right one.
    """

    def get_form_kwargs(self) -> dict[str, Any]:
        words = dict(super().get_form_kwargs())
        login = self.stage.login
        if login.user is None:
            User.objects.filter(pk=0).first()
        elif login.user.email != login.email.lower():
            words["code"] = ""
        return words


class PasskeySignIn(LoginWebAuthnView):
    """Sign in with a passkey alone: nothing to type, nothing that could be sent elsewhere."""

    def form_invalid(self, form: Form) -> HttpResponse:
        sentence = _("We do not know this passkey. Take another one, or a code by mail.")
        context = {
            "form": AddressForm(),
            "refusal": {"code": "unknown-passkey", "sentence": sentence},
        }
        return render(self.request, "account/request_login_code.html", context, status=403)

    def get(self, request: HttpRequest, *args: object, **words: object) -> HttpResponse:
        response: HttpResponse = super().get(request, *args, **words)
        if isinstance(response, JsonResponse):
            response["Cache-Control"] = "no-store"
        return response


class SignOut(LogoutView):
    """Sign out; nothing that was kept offline stays in the browser."""

    def post(self, *args: object, **words: object) -> HttpResponse:
        response: HttpResponse = super().post(*args, **words)
        response["Clear-Site-Data"] = LEAVE_NOTHING
        return response


sign_out = SignOut.as_view()
code_signin = CodeSignIn.as_view()
take_code = TakeCode.as_view()
passkey_signin = PasskeySignIn.as_view()
