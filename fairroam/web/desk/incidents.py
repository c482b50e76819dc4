"""Failures of networks at the desk: written down, confirmed, and paid back to all they hit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_countries import countries

from fairroam.apps.catalogue import queries as catalogue
from fairroam.apps.customers.models import User
from fairroam.apps.incidents import operations, queries
from fairroam.apps.incidents.operations import Report
from fairroam.apps.incidents.queries import IncidentRow
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.refunds.operations import everyone
from fairroam.apps.refunds.queries import everyone as runs
from fairroam.apps.refunds.queries.everyone import RunRow
from fairroam.apps.refunds.refusals import NoSuchRun
from fairroam.clock import now
from fairroam.web.account.live import render_live
from fairroam.web.components import formats
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused, sentence_of
from fairroam.web.desk.staff import staff_only
from fairroam.web.site import places

LOOK_SECONDS = 2
MOVING = ("counting", "running")
WHEN = "%Y-%m-%dT%H:%M"
FINDINGS = {
    "owed": gettext_lazy("get money back"),
    "nothing": gettext_lazy("are owed nothing by their terms"),
    "given_back": gettext_lazy("have got as much already"),
    "claim_open": gettext_lazy("have a refund under way"),
    "account_closed": gettext_lazy("have closed their account"),
}
OUTCOMES = {
    "given": gettext_lazy("given"),
    "told": gettext_lazy("told why nothing comes back"),
    "moved": gettext_lazy("figures moved: count again"),
    "left_out": gettext_lazy("account closed: look at them by hand"),
    "own": gettext_lazy("of the two who decided: for a third person"),
}
# What an operator can do with a run that is under way, or is to be.
STEPS: dict[str, Callable[..., object]] = {
    "stop": everyone.stop,
    "resume": everyone.resume,
    "discard": everyone.discard,
}


class Moment(forms.DateTimeField):
    """An instant in UTC, as the networks' own notices write it."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=WHEN)

    def __init__(self, **words: Any) -> None:
        super().__init__(input_formats=[WHEN, "%Y-%m-%dT%H:%M:%S"], **words)

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        return moment.replace(tzinfo=UTC) if moment else None


def named_countries() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every country by its name in the page's language, those of our plans first."""
    language = get_language() or "en"
    ours = {country for plan in catalogue.plans() for country in plan.countries}
    others = {code for code, _name in countries} - ours
    return [
        (
            title,
            [
                (code, formats.country_name(code, language))
                for code in places.in_order_of_names(codes, language)
            ],
        )
        for title, codes in ((_("Where our plans work"), ours), (_("Everywhere else"), others))
    ]


class IncidentForm(forms.Form):
    """What is known of a failure."""

    countries = forms.MultipleChoiceField(
        label=gettext_lazy("Countries"),
        choices=named_countries,
        widget=forms.CheckboxSelectMultiple,
    )
    operators = forms.CharField(
        label=gettext_lazy("Operators, one a line; none: every network there"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    began_at = Moment(label=gettext_lazy("Since (UTC)"))
    ended_at = Moment(label=gettext_lazy("Until (UTC); empty while it goes on"), required=False)
    source = forms.CharField(label=gettext_lazy("Source: who says so"), max_length=400)
    words_en = forms.CharField(label=gettext_lazy("For the public, in English"), max_length=500)
    words_zh = forms.CharField(
        label=gettext_lazy("For the public, in Chinese"), max_length=500, required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        begun, ended = said.get("began_at"), said.get("ended_at")
        if begun and ended and ended <= begun:
            self.add_error("ended_at", _("The end lies before the beginning."))
        return said

    @property
    def report(self) -> Report:
        said = self.cleaned_data
        words = {"en": said["words_en"]}
        if said["words_zh"]:
            words["zh-Hans"] = said["words_zh"]
        return Report(
            countries=said["countries"],
            operators=[name.strip() for name in said["operators"].splitlines() if name.strip()],
            began_at=said["began_at"],
            ended_at=said["ended_at"],
            source=said["source"],
            words=words,
        )


def filled(row: IncidentRow) -> dict[str, Any]:
    """The form of a stored incident."""
    return {
        "countries": row.countries,
        "operators": "\n".join(row.operators),
        "began_at": row.began_at.astimezone(UTC).replace(tzinfo=None),
        "ended_at": row.ended_at.astimezone(UTC).replace(tzinfo=None) if row.ended_at else None,
        "source": row.source,
        "words_en": row.words.get("en", ""),
        "words_zh": row.words.get("zh-Hans", ""),
        "version": row.version,
    }


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def incidents(request: HttpRequest, staff: User) -> HttpResponse:
    """The register, and a form for the next one."""
    form = IncidentForm(request.POST or None)
    context = {"incidents": page_of(queries.incidents(), request), "form": form}
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/incidents.html", context, status=status)
    try:
        made = operations.declare(form.report, actor=f"staff:{staff.pk}", now=now())
    except Refusal as refusal:
        context.pop("form")
        return render_refused(request, "desk/incidents.html", form, refusal, **context)
    return redirect("desk:incident", made.pk)


@never_cache
@staff_only(role="operator")
@require_http_methods(["GET", "HEAD", "POST"])
def incident(request: HttpRequest, staff: User, incident_id: int) -> HttpResponse:
    """One incident: correct it, and see the runs that it led to."""
    row = queries.incident(incident_id)
    form = IncidentForm(request.POST or None, initial=filled(row))
    context = {
        "row": row,
        "runs": runs.runs_of(incident_id),
        "maybe_hit": page_of(queries.maybe_hit(incident_id), request, name="maybe"),
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/incident.html", {**context, "form": form}, status=status)
    try:
        operations.correct(
            incident_id,
            form.report,
            seen_version=form.cleaned_data["version"] or 0,
            actor=f"staff:{staff.pk}",
            now=now(),
        )
    except Refusal as refusal:
        return render_refused(request, "desk/incident.html", form, refusal, **context)
    messages.success(request, _("Written down."))
    return redirect("desk:incident", incident_id)


@staff_only(role="operator")
@require_POST
def move(request: HttpRequest, staff: User, incident_id: int) -> HttpResponse:
    """Confirm it, dismiss it, or have counted what it costs."""
    step = request.POST.get("step", "")
    try:
        if step == "count":
            run = everyone.ask_for_run(incident_id=incident_id, user_id=staff.pk, now=now())
            return redirect("desk:run", run.pk)
        operations.move(incident_id, step, actor=f"staff:{staff.pk}", now=now())
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:incident", incident_id)


@never_cache
@staff_only(role="operator")
@require_safe
def run(request: HttpRequest, staff: User, run_id: int) -> HttpResponse:
    """Who gets what, and how far it is. htmx asks for the moving part again while it moves."""
    row = runs.run_row(run_id)
    is_mine = row.made_by_id == staff.pk
    # Whoever asked for it waits for the colleague who reads the sums, and sees it begin.
    is_moving = row.stage in MOVING or (row.stage == "previewed" and is_mine)
    return render_live(
        request,
        "desk/run.html",
        {**told(row), "is_mine": is_mine},
        part="desk/run_part.html",
        seconds=LOOK_SECONDS if is_moving else None,
    )


def told(row: RunRow) -> dict[str, Any]:
    """A run in words."""
    return {
        "run": row,
        "incident": queries.incident(row.incident_id),
        "findings": [
            (FINDINGS[code], row.findings[code]) for code in FINDINGS if row.findings.get(code)
        ],
        "outcomes": [
            (OUTCOMES[code], row.outcomes[code]) for code in OUTCOMES if row.outcomes.get(code)
        ],
    }


def counted(words: Mapping[str, str | Promise], counts: Mapping[str, int]) -> list[tuple[Any, int]]:
    return [(word, counts[code]) for code, word in words.items() if counts.get(code)]


@staff_only(role="operator")
@require_POST
def steer(request: HttpRequest, staff: User, run_id: int) -> HttpResponse:
    """Confirm exactly the preview that was seen; stop, resume or discard."""
    step = request.POST.get("step", "")
    try:
        if step == "confirm":
            digest = request.POST.get("digest", "")
            everyone.confirm(run_id=run_id, digest=digest, user_id=staff.pk, now=now())
        elif step in STEPS:
            STEPS[step](run_id=run_id, user_id=staff.pk, now=now())
    except NoSuchRun:
        raise
    except Refusal as refusal:
        messages.error(request, sentence_of(refusal))
    return redirect("desk:run", run_id)
