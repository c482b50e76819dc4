"""Refunds that wait for a person: the queue, and one case on one screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.conversations.queries import messages_of
from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import OVERSEERS, User
from fairroam.apps.esims import queries as esims
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.evidence import queries as evidence_rows
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.refunds import operations, queries
from fairroam.apps.refunds.queries import RefundRow, desk
from fairroam.apps.refunds.queries.desk import Case
from fairroam.apps.refunds.refusals import FiguresMoved
from fairroam.clock import now
from fairroam.web.components import formats
from fairroam.web.components.paging import placed
from fairroam.web.components.refused import render_refused, sentence_of
from fairroam.web.components.uploads import given_back
from fairroam.web.desk import words
from fairroam.web.desk.case_papers import papers_of_line
from fairroam.web.desk.customers import about
from fairroam.web.desk.refund_acts import ACTS, STAYING
from fairroam.web.desk.refund_forms import CaseForm
from fairroam.web.desk.rooms import doors, first_due
from fairroam.web.desk.staff import staff_only


@never_cache
@staff_only
@require_safe
def queue(request: HttpRequest, staff: User) -> HttpResponse:
    """What waits, urgent and oldest first, each with its clocks; and the doors to all the rest."""
    view = request.GET.get("view", "open")
    number = request.GET.get("page", "1")
    if view not in words.VIEWS or not (number.isascii() and number.isdecimal()):
        raise NotAmongYours
    at = now()
    page = desk.queue_page(now=at, staff_user_id=staff.pk, view=view, number=int(number[:6]))
    rooms = doors(staff.pk, now=at)
    context = {
        "rows": [
            (
                row,
                [words.doubt(code) for code in row.doubts],
                [words.clock_line(clock, row.zone, request.LANGUAGE_CODE) for clock in row.clocks],
            )
            for row in page.rows
        ],
        "page": placed(page.rows, page.number, page.counts[view], request, size=desk.PAGE),
        "view": view,
        "views": [(name, label, page.counts[name]) for name, label in words.VIEWS.items()],
        "alarms": alarms(staff),
        "doors": rooms,
        "due": first_due(rooms, get_current_timezone()),
    }
    return render(request, "desk/queue.html", context)


def alarms(staff: User) -> list[tuple[int, str, str]]:
    """For seniors and operators: deadlines near or passed that nobody has taken note of."""
    member = customers.staff_member(staff.pk)
    if member is None or member.role not in OVERSEERS:
        return []
    return [
        (one.refund_id, one.order_number, words.alarm(one.clock, one.level))
        for one in desk.alarms()
    ]


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def case(request: HttpRequest, staff: User, refund_id: int) -> HttpResponse:
    """All that decides one case, and every act upon it; a colleague's case is theirs alone."""
    at = now()
    try:
        context = told(request, staff, refund_id, at)
    except NotAssigned as refusal:
        said = {"sentence": sentence_of(refusal), "code": refusal.code}
        return render(request, "desk/not_assigned.html", said, status=refusal.status)
    act = request.POST.get("act", "")
    if request.method != "POST" or act not in ACTS:
        status = 422 if request.method == "POST" else 200
        return render(request, "desk/case.html", context, status=status)
    form_kind, do = ACTS[act]
    form = form_kind(request.POST, currency=context["case"].refund.currency)
    context["forms"][act] = form
    if not form.is_valid():
        return render(request, "desk/case.html", {**context, "form": form}, status=422)
    try:
        done = do(refund_id, staff.pk, form, at)
    except FiguresMoved as refusal:  # Nothing was paid: the page shows what the rules say now.
        operations.decide_again(request_id=refund_id, actor=f"staff:{staff.pk}", now=at)
        context = told(request, staff, refund_id, at)
        return render_refused(request, "desk/case.html", form, refusal, **context)
    except Refusal as refusal:
        return render_refused(request, "desk/case.html", form, refusal, **context)
    messages.success(request, str(done))
    return redirect("desk:case", refund_id) if act in STAYING else redirect("desk:queue")


def told(request: HttpRequest, staff: User, refund_id: int, at: datetime) -> dict[str, Any]:
    """The case in words, and a fresh form for each act. Raises NotAmongYours, NotAssigned."""
    found = desk.case(refund_id, now=at, staff_user_id=staff.pk)
    language, refund = request.LANGUAGE_CODE, found.refund
    decision = refund.decision
    member = customers.staff_member(staff.pk)
    assert member is not None
    is_overseer, may_move = member.role in OVERSEERS, refund.has_case and refund.is_open
    custody = evidence_rows.custody(refund.customer_id)
    thread = messages_of(found.thread_id) if found.thread_id else ()
    who = words.people(
        [step.actor for step in found.history]
        + [message.actor for message in thread]
        + [link.actor for links in custody.values() for link in links]
    )

    def custody_of(evidence_id: int) -> list[tuple[datetime, Any, str]]:
        """Who had a file in their hands: when, what they did, who."""
        links = custody.get(evidence_id, [])
        return [(link.at, words.event(link.kind), who[link.actor]) for link in links]

    return {
        "case": found,
        "lines": decision.lines(language) if decision else [],
        "facts": facts(refund, language),
        "doubts": [words.doubt(code) for code in found.doubts],
        "flags": [(words.doubt(flag.code), flag_facts(flag)) for flag in found.flags],
        "clocks": [words.clock_line(clock, refund.zone, language) for clock in found.clocks],
        "history": [(step.at, words.event(step.kind), who[step.actor]) for step in found.history],
        "missing": [words.MISSING[code] for code in found.missing],
        "forms": forms_of(found),
        "thread": [
            {
                "who": who[message.actor],
                "words": message.words,
                "received_at": message.received_at,
                "files": message.files,
            }
            for message in thread
        ],
        "files": [(file, custody_of(file.id)) for file in queries.files_of(refund.id)],
        "papers": papers_of_line(refund.order_line_id),
        "about": about(
            refund.customer_id, staff, refund_id=refund.id, thread_id=found.thread_id or 0
        ),
        "is_mine": found.assigned_to in (None, staff.pk),
        "may_take": may_move
        and found.assigned_to != staff.pk
        and (found.assigned_to is None or is_overseer),
        "may_hand_over": may_move
        and found.assigned_to is not None
        and (found.assigned_to == staff.pk or is_overseer),
        "is_overseer": is_overseer,
        "alarms": is_overseer and desk.has_alarms(refund_id),
        "line_stage": esims.line_state(refund.order_line_id).stage,
        "zone": formats.zone_name(refund.zone, language),
        "limit_minor": customers.limit(member.role, refund.currency),
    }


@staff_only
@require_safe
def file(request: HttpRequest, staff: User, refund_id: int, evidence_id: int) -> HttpResponse:
    """A file of a case that this colleague may open, to save; noted in its custody."""
    try:
        desk.case(refund_id, staff_user_id=staff.pk)
        if evidence_id not in {one.id for one in queries.files_of(refund_id)}:
            raise NotAmongYours(evidence_id=evidence_id)
        row, content = evidence_rows.read(evidence_id)
    except NotAssigned as refusal:
        said = {"sentence": sentence_of(refusal), "code": refusal.code}
        return render(request, "desk/not_assigned.html", said, status=refusal.status)
    evidence.record_shown(evidence_id=row.id, actor=f"staff:{staff.pk}", now=now())
    return given_back(row, content)


def forms_of(found: Case) -> dict[str, CaseForm]:
    start = {"ask_more": {"missing": list(found.missing)}, "offer": {"kind": "money"}}
    return {
        act: kind(currency=found.refund.currency, initial=start.get(act), auto_id=f"{act}_%s")
        for act, (kind, _do) in ACTS.items()
    }


def flag_facts(flag: desk.FlagRow) -> str:
    """How much of it there is, for those flags that count."""
    if flag.code == "velocity":
        return str(flag.facts["requests"])
    return str(len(flag.facts["customers"])) if "customers" in flag.facts else ""


def facts(refund: RefundRow, language: str) -> list[tuple[str, str]]:
    """What the decision rests on, as pairs of name and value."""
    if refund.decision is None:
        return []
    said = refund.decision.facts
    moments = {
        _("Bought"): said["concluded_at"],
        _("First network"): said.get("first_attach_at"),
        _("First use"): said.get("first_usage_at"),
        _("Ends"): said.get("ends_at"),
        _("Asked"): refund.declared_at,
    }
    rows = [(_("Lives in"), formats.country_name(said["residence"], language))]
    rows += [
        (name, words.day_and_clock(formats.aware(moment), refund.zone, language))
        for name, moment in moments.items()
        if moment
    ]
    for meter in said["allowances"]:
        used = words.used_of(meter["kind"], meter["used"], meter["granted"], language)
        rows.append((_("Used"), used))
    return rows
