"""Passkeys, code generator, recovery codes: what protects an account beside the mailbox."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fairroam.apps.customers import operations
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.clock import now
from fairroam.web.account.me import signed_in
from fairroam.web.account.preferences import PreferencesForm
from fairroam.web.account.sessions import user_id
from fairroam.web.account.step_up import step_up_required

KINDS = {"webauthn": "passkey", "totp": "totp"}
# Marks in user agents, the telling ones first: most browsers name others, too.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """What protects this sign-in, each with what can be done about it."""
    factors = Authenticator.objects.filter(user_id=request.user.pk).order_by("created_at")
    by_kind: dict[str, list[Authenticator]] = {}
    for factor in factors:
        by_kind.setdefault(factor.type, []).append(factor)
    codes = by_kind.get("recovery_codes", [])
    customer = signed_in(request)
    context: dict[str, Any] = {
        "passkeys": by_kind.get("webauthn", []),
        "generator": next(iter(by_kind.get("totp", [])), None),
        "codes_left": len(RecoveryCodes(codes[0]).get_unused_codes()) if codes else None,
        "zone": customer.zone if customer else "UTC",
        "rests_until": customers.rests_until(customer.pk, now()) if customer else None,
    }
    context["browsers"] = [
        (row, device_of(row.user_agent))
        for row in customers.browsers_of(
            user_id(request), this=request.session.session_key, now=now()
        )
    ]
    if customer is not None:
        context["preferences"] = PreferencesForm(
            initial={"language": customer.language, "zone": customer.zone}
        )
    return render(request, "account/security.html", context)


def device_of(user_agent: str) -> str:
    """Roughly which browser on what, out of what it says of itself."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), None)
    system = next((name for mark, name in SYSTEMS if mark in user_agent), None)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("An unknown device")


def change_of_factors(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Open a page of the library only after a step-up, and record what changes by it.

    Change and record are one transaction: without its record there is no change.
    """

    @wraps(view)
    def recorded(request: HttpRequest, *args: Any, **words: Any) -> HttpResponse:
        with transaction.atomic():
            before = factors_of(request)
            response: HttpResponse = view(request, *args, **words)
            after = factors_of(request)
            record_changes(request, before, after)
        assert isinstance(request.user, User)
        for pk, kind in after - before:
            if kind in KINDS:  # Adding it has shown it: it is not asked for once more right away.
                record_authentication(request, request.user, "mfa", id=pk, type=kind)
        return response

    return never_cache(step_up_required(reads=True)(recorded))


def factors_of(request: HttpRequest) -> set[tuple[int, str]]:
    return set(Authenticator.objects.filter(user_id=request.user.pk).values_list("pk", "type"))


def record_changes(
    request: HttpRequest, before: set[tuple[int, str]], after: set[tuple[int, str]]
) -> None:
    customer = signed_in(request)
    if customer is None:
        return  # Staff who bought nothing have no money here that could go another way.
    kinds = [f"{KINDS[kind]}_removed" for _pk, kind in before - after if kind in KINDS]
    kinds += [f"{KINDS[kind]}_added" for _pk, kind in after - before if kind in KINDS]
    if any(kind == "recovery_codes" for _pk, kind in after - before):
        kinds.append("recovery_codes_made")
    for kind in kinds:
        operations.record_security_change(customer_id=customer.pk, kind=kind, now=now())
