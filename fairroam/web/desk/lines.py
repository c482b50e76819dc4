"""Lines at the desk: found by what a customer can read out, with all that was told and tried."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fairroam.apps.customers.models import User
from fairroam.apps.esims import operations
from fairroam.apps.esims.queries import desk as queries
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.metering import queries as metering
from fairroam.clock import now
from fairroam.web.components import formats
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import sentence_of
from fairroam.web.desk import words
from fairroam.web.desk.customers import about
from fairroam.web.desk.staff import staff_only

SEARCH_LENGTH_MAX = 40
FACTS = {
    "ready": gettext_lazy("eSIM ready to download"),
    "downloaded": gettext_lazy("Downloaded to a phone"),
    "installed": gettext_lazy("Installed"),
    "enabled": gettext_lazy("Switched on"),
    "first_attach": gettext_lazy("First seen by a network"),
    "first_usage": gettext_lazy("First used"),
    "deleted": gettext_lazy("Deleted from the phone"),
}
SOURCES = {
    "es2plus": gettext_lazy("the carrier"),
    "network": gettext_lazy("the network"),
    "supplier": gettext_lazy("the supplier"),
}
ACTS = {
    "suspend": gettext_lazy("Pause"),
    "resume": gettext_lazy("Resume"),
    "deactivate": gettext_lazy("Deactivate"),
    "activate_again": gettext_lazy("Activate again"),
    "change_phone": gettext_lazy("Move to a new phone"),
    "choose_network": gettext_lazy("Choose network"),
}
CALLS = {
    "order_profile": gettext_lazy("Order a profile"),
    "confirm_order": gettext_lazy("Confirm and release it"),
    "release_profile": gettext_lazy("Release it"),
    "cancel_order": gettext_lazy("Take it back"),
}


@never_cache
@staff_only
@require_safe
def lines(request: HttpRequest, staff: User) -> HttpResponse:
    """What got stuck, and a search."""
    wanted = request.GET.get("q", "").strip()[:SEARCH_LENGTH_MAX]
    context = {
        "wanted": wanted,
        "found": queries.find_lines(wanted),
        "stuck": page_of(queries.stuck_lines(), request),
    }
    return render(request, "desk/lines.html", context)


@never_cache
@staff_only
@require_safe
def line(request: HttpRequest, staff: User, line_id: int) -> HttpResponse:
    """One line: stages, facts with their sources, acts, every call to the carrier."""
    page = queries.line_at_desk(line_id)
    who = words.people(act.actor for act in page.acts)
    language, use = request.LANGUAGE_CODE, metering.usage_of(line_id)
    context = {
        "page": page,
        "line": page.found,
        "about": about(page.customer_id, staff),
        "use": [
            *(
                (_("Used"), words.used_of(one.kind, one.used, one.granted, language))
                for one in use.allowances
            ),
            *(
                (name, formats.instant(at, page.zone, language))
                for name, at in (
                    (_("Began"), use.starts_at),
                    (_("Ends"), use.ends_at),
                    (_("Counted until"), use.as_of),
                )
                if at
            ),
        ],
        "profiles": [
            (
                profile,
                [
                    (FACTS[fact.kind], SOURCES.get(fact.source, fact.source), fact)
                    for fact in profile.facts
                ],
            )
            for profile in page.profiles
        ],
        "acts": [
            (ACTS[act.kind], who[act.actor], act.reason and words.answer(act.reason), act)
            for act in page.acts
        ],
        "calls": [(CALLS[call.function], words.answer(call.outcome), call) for call in page.calls],
    }
    return render(request, "desk/line.html", context)


@staff_only
@require_POST
def ask_again(request: HttpRequest, staff: User, line_id: int, act_id: int) -> HttpResponse:
    """Have a stuck act tried once more."""
    try:
        operations.ask_again(act_id=act_id, actor=f"staff:{staff.pk}", now=now())
        messages.success(request, _("It is being asked again."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:line", line_id)


@staff_only
@require_POST
def end_again(request: HttpRequest, staff: User, line_id: int) -> HttpResponse:
    """Have an end that got stuck tried once more; one that is not under way begins nowhere here."""
    try:
        if queries.line_at_desk(line_id).end_stuck_at is not None:
            operations.take_off(order_line_id=line_id, now=now())
        messages.success(request, _("It is being asked again."))
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:line", line_id)
