"""The phones of the cast: each eSIM of theirs, and what a phone can do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.esims import queries as esims
from fairroam.web.components.words import Badge
from fairroam.web.demo.people import CAST, Traveller

STAND_IN_SECONDS_MAX = 20
STATES = {
    "waiting": Badge("wait", "qr-code", _("not in the phone yet")),
    "Downloaded": Badge("wait", "download", _("downloaded, not installed")),
    "disabled": Badge("plain", "wifi-off", _("installed, without network")),
    "enabled": Badge("good", "signal", _("switched on")),
    "gone": Badge("plain", "circle-off", _("not on the phone any more")),
}
SAID = {
    "done": _("Done. The network tells the shop within seconds."),
    "no_service": _("No service: the network does not serve this line."),
    "refused": _("The phone could not do that."),
}
MEGABYTE = 10**6
USES = {"use_250": 250 * MEGABYTE, "use_1000": 1000 * MEGABYTE}


@dataclass(frozen=True, slots=True)
class PhoneLine:
    """One eSIM of a traveller. acts: what its phone can do with it now, with the words for it."""

    line_id: int
    name: str
    plan: dict[str, Any]
    country: str
    state: Badge
    acts: tuple[tuple[str, str | Promise], ...]


ACTS: dict[str, tuple[tuple[str, str | Promise], ...]] = {
    "waiting": (("install", _("Scan the code and install")),),
    "Downloaded": (("install", _("Install")),),
    "disabled": (("enable", _("Switch on")), ("delete", _("Delete from the phone"))),
    "enabled": (
        ("use_250", _("Use 250 MB")),
        ("use_1000", _("Use 1 GB")),
        ("disable", _("Lose the network")),
        ("delete", _("Delete from the phone")),
    ),
    "gone": (),
}


def phone(act: str, **words: object) -> dict[str, Any]:
    """Let a sandbox phone do something. Raises httpx.HTTPStatusError where it cannot."""
    answer = httpx.post(
        f"{settings.FAIRROAM_PROFILES_URL}/phone/{act}",
        json=words,
        timeout=STAND_IN_SECONDS_MAX,
        trust_env=False,
    )
    told: dict[str, Any] = answer.raise_for_status().json()
    return told


def held(traveller: Traveller) -> dict[str, str]:
    """What the traveller's phones hold: the state of each profile by its ICCID."""
    found = {}
    for chip in traveller.chips:
        answer = httpx.get(
            f"{settings.FAIRROAM_PROFILES_URL}/phone",
            params={"eid": chip},
            timeout=STAND_IN_SECONDS_MAX,
            trust_env=False,
        )
        for one in answer.raise_for_status().json()["profiles"]:
            is_in = one["state"] == "Installed"
            found[one["iccid"]] = one["device_state"] if is_in else one["state"]
    return found


def lines_of(traveller: Traveller) -> list[PhoneLine]:
    """Every eSIM of a traveller, the newest first; none once their account is closed."""
    user = User.objects.filter(email=traveller.email).first()
    if user is None or not hasattr(user, "customer"):
        return []
    on_phone, owner = held(traveller), user.customer.pk
    found = []
    for row in esims.lines_of(owner):
        page = esims.line_page(row.order_line_id, owner)
        state = on_phone.get(page.iccid or "", "waiting" if page.code else "gone")
        copy = page.plan_copy
        found.append(
            PhoneLine(
                row.order_line_id,
                row.name,
                copy["names"],
                copy["countries"][0],
                STATES.get(state, STATES["gone"]),
                ACTS.get(state, ()),
            )
        )
    return found


def traveller_named(email: str) -> Traveller:
    """One of the cast. Raises Http404."""
    for traveller in CAST:
        if traveller.email == email:
            return traveller
    raise Http404


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The phone of one traveller; for htmx without the page around it."""
    traveller = traveller_named(request.GET.get("of", ""))
    context = {
        "one": traveller,
        "lines": lines_of(traveller),
        "said": SAID.get(request.GET.get("said", "")),
    }
    is_part = getattr(request, "htmx", False)
    return render(request, "demo/phone_part.html" if is_part else "demo/phone.html", context)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Let a phone do one thing with one eSIM of its owner."""
    traveller = traveller_named(request.POST.get("of", ""))
    line_id, wanted = request.POST.get("line", ""), request.POST.get("act", "")
    user = User.objects.filter(email=traveller.email).first()
    line = next((one for one in lines_of(traveller) if str(one.line_id) == line_id), None)
    if user is None or line is None or wanted not in dict(line.acts):
        raise Http404
    said = done(traveller, esims.line_page(line.line_id, user.customer.pk), wanted)
    return redirect(f"{reverse('demo:phone')}?{urlencode({'of': traveller.email, 'said': said})}")


def done(traveller: Traveller, page: esims.LinePage, wanted: str) -> str:
    """Do it; what came of it, one of SAID."""
    here = {"iccid": page.iccid, "country": page.plan_copy["countries"][0]}
    acts: dict[str, Callable[[], dict[str, Any]]] = {
        "install": lambda: install(traveller, page),
        "enable": lambda: phone("enable", **here),
        "disable": lambda: phone("disable", **here),
        "delete": lambda: phone("delete", iccid=page.iccid),
    }
    try:
        if wanted in USES:
            told = phone("use", **here, bytes=USES[wanted], kind="data")
        else:
            told = acts[wanted]()
    except httpx.HTTPStatusError as refused:
        return "no_service" if refused.response.json()["error"] == "no_service" else "refused"
    network = told.get("network", {"service": "ok"})
    return "done" if network["service"] == "ok" else "no_service"


def chip_for(traveller: Traveller, page: esims.LinePage) -> str:
    """Which of their phones an eSIM goes into: each has its own, as far as they reach."""
    owner = page.line.customer_id
    assert owner is not None
    ids = sorted(line.order_line_id for line in esims.lines_of(owner))
    return traveller.chips[ids.index(page.line.order_line_id) % len(traveller.chips)]


def install(traveller: Traveller, page: esims.LinePage) -> dict[str, Any]:
    """Fetch the profile, if the phone has not done that yet, and install it."""
    if page.code is not None:
        phone("download", activation_code=page.code.lpa, eid=chip_for(traveller, page))
    return phone("install", iccid=page.iccid)
