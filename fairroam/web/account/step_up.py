"""Prove who you are once more, right before what could lead money or an account away.

A passkey, a code generator or a recovery code; a new code from the mail only where the customer
has no such factor. A code by SMS is never asked for: numbers can be taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, overload

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.core import ratelimit
from allauth.mfa.base.forms import ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import FRESH_FOR, User
from fairroam.apps.customers.queries import Proof
from fairroam.apps.customers.refusals import StepUpRequired
from fairroam.clock import moved_by, now
from fairroam.web.account import mailed_codes
from fairroam.web.account.passkey_forms import ProveByPasskey
from fairroam.web.account.signin import MailedCodeAdapter, mail_secret
from fairroam.web.components.refused import sentence_of

View = Callable[..., HttpResponse]
MAILED = "step_up_code"  # session key: of the code that is on its way, only a digest
PREFIX = "step_up_"  # of the fields that this page adds to a form
METHODS = {"webauthn": "passkey", "totp": "totp", "recovery_codes": "recovery_code"}


def proof_of(request: HttpRequest, *, now: datetime) -> Proof | None:
    """How whoever sits at this browser proved lately (FRESH_FOR) who they are; None: not enough."""
    user = request.user
    if not user.is_authenticated:
        return None
    has_factor = customers.user_has_second_factor(user.pk)
    for record in reversed(get_authentication_records(request, user)):
        noted_at = datetime.fromtimestamp(record["at"], UTC).replace(microsecond=0)
        proof = Proof(method_of(record), noted_at + moved_by())
        is_enough = (
            proof.method == "mail_code" and not has_factor
        ) or proof.method in METHODS.values()
        if is_enough and now - proof.proven_at <= FRESH_FOR:
            return proof
    return None


def method_of(record: dict[str, Any]) -> str:
    """Our word (one of PROOFS) for what the sign-in library noted; empty for all the rest."""
    if record["method"] == "mfa":
        return METHODS.get(record["type"], "")
    return "mail_code" if record["method"] == "code" and record.get("email") else ""


@overload
def step_up_required(view: View, /) -> View: ...
@overload
def step_up_required(*, reads: bool) -> Callable[[View], View]: ...
def step_up_required(view: View | None = None, *, reads: bool = False) -> Any:
    """Let a form be sent only with a fresh proof; write it below `customers_only`.

    Without one the answer is 403 `step-up-required`: a page that asks for the proof and carries
    all that was typed (not files) along, so that the answer to it goes on with the act at once.
    The view then hands `proof_of(request, now=...)` to its operation.
    reads: looking at the page needs the proof, too.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **words: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            is_read = request.method in ("GET", "HEAD")
            if is_read and not reads:
                return view(request, *args, **words)
            if is_answer(request) and (trouble := take_answer(request)):
                return render_step_up(request, trouble)
            if proof_of(request, now=now()) is None:
                return render_step_up(request)
            if f"{PREFIX}read" in request.POST:
                return redirect(request.get_full_path())
            return view(request, *args, **words)

        return asked

    return guard if view is None else guard(view)


def is_answer(request: HttpRequest) -> bool:
    return any(f"{PREFIX}{name}" in request.POST for name in ("code", "credential"))


def take_answer(request: HttpRequest) -> tuple[str, int] | None:
    """Note the proof that was sent; what is wrong with it and the status, or None."""
    user, sent = request.user, request.POST
    assert isinstance(user, User)
    if f"{PREFIX}again" in sent:
        mailed_codes.end(request, MAILED)
        return None
    form: Form
    if sent.get(f"{PREFIX}credential"):
        form = ProveByPasskey(user=user, data={"credential": sent[f"{PREFIX}credential"]})
    elif customers.user_has_second_factor(user.pk):
        code = "".join(sent.get(f"{PREFIX}code", "").split())
        form = ReauthenticateForm(user=user, data={"code": code})
    else:
        return take_mailed_code(request, user)
    if form.is_valid():
        form.save()
        return None
    is_often = any(
        error.code == "too_many_login_attempts"
        for errors in form.errors.as_data().values()
        for error in errors
    )
    return (
        (often(), 429) if is_often else (_("This is not right. Try again; a code works once."), 403)
    )


def take_mailed_code(request: HttpRequest, user: User) -> tuple[str, int] | None:
    if mailed_codes.waiting(request, MAILED) is None:
        return _("This code is no longer valid. A new one is on its way."), 403
    typed = request.POST.get(f"{PREFIX}code", "")
    if not mailed_codes.is_right(request, MAILED, whose=str(user.pk), typed=typed):
        return _("This is not the code in the newest mail. Look there once more."), 403
    mailed_codes.end(request, MAILED)
    record_authentication(request, user, method="code", email=user.email)
    return None


def often() -> str:
    return str(MailedCodeAdapter.error_messages["rate_limited"])


def mail_code(request: HttpRequest, user: User) -> bool:
    """See that a code is on its way; False when that was asked for too often."""
    if mailed_codes.waiting(request, MAILED) is not None:
        return True
    if not ratelimit.consume(request, action="request_login_code", key=user.email):
        return False
    code = mailed_codes.begin(request, MAILED, whose=str(user.pk))
    mail_secret("customers.step_up_code", user.email, code=code)
    return True


def render_step_up(request: HttpRequest, trouble: tuple[str, int] | None = None) -> HttpResponse:
    """Ask for a proof, and carry along what was typed. The answer goes to the same address."""
    user = request.user
    assert isinstance(user, User)
    refusal = StepUpRequired()
    sentence, status = trouble or ("", refusal.status)
    factors = set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    context: dict[str, Any] = {
        "code": refusal.code,
        "lead": sentence_of(refusal),
        "sentence": sentence,
        "carried": carried(request),
        "has_codes": "totp" in factors or "recovery_codes" in factors,
        "has_generator": "totp" in factors,
        "email": user.email,
    }
    if "webauthn" in factors:
        context["options"] = begin_authentication(user)
    if not factors - {"recovery_codes"}:
        context["is_mailed"] = True
        if not mail_code(request, user):
            context["sentence"], status = often(), 429
    response = render(request, "account/step_up.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def carried(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the form that was sent, without the token and without what we asked."""
    if request.method in ("GET", "HEAD"):
        return [(f"{PREFIX}read", "yes")]
    ours = {f"{PREFIX}{name}" for name in ("code", "credential", "again")}
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if name not in ours and name != "csrfmiddlewaretoken"
        for value in values
    ]
