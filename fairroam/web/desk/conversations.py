"""Conversations at the desk: what waits, one thread with its facts beside it, saved replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.conversations import operations, queries
from fairroam.apps.conversations.queries import ThreadRow
from fairroam.apps.conversations.refusals import NotAssigned
from fairroam.apps.customers import queries as people
from fairroam.apps.customers.models import User
from fairroam.apps.evidence import operations as evidence
from fairroam.apps.evidence import queries as evidence_rows
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.apps.orders import queries as orders
from fairroam.apps.refunds import operations as refunds
from fairroam.clock import now
from fairroam.rules.languages import NAMES
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.components.uploads import given_back
from fairroam.web.desk.customers import about
from fairroam.web.desk.staff import staff_only


class AnswerForm(forms.Form):
    """Our words to the customer."""

    words = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    closes = forms.BooleanField(
        label=gettext_lazy("This is our last word: close it and name who helps outside"),
        required=False,
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class ReplyForm(forms.Form):
    """Words that are often needed."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=80)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=list(NAMES.items()))
    words = forms.CharField(
        label=gettext_lazy("Words"), max_length=10_000, widget=forms.Textarea(attrs={"rows": 5})
    )


class MarkForm(forms.Form):
    """What a message declares, and for which order line."""

    message = forms.IntegerField()
    line = forms.IntegerField()
    as_what = forms.ChoiceField(choices=[("withdrawal", ""), ("refund_request", "")])


@never_cache
@staff_only
@require_safe
def queue(request: HttpRequest, staff: User) -> HttpResponse:
    """What waits for an answer, the oldest first, each with its clock."""
    rows = page_of(queries.queue(staff_user_id=staff.pk, now=now()), request)
    return render(request, "desk/conversations.html", {"rows": rows})


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, staff: User, thread_id: int) -> HttpResponse:
    """One conversation: answer, take, hand over, close, or open a case from a message."""
    try:
        page = queries.thread_for_staff(thread_id, staff.pk)
    except NotAssigned as refusal:
        return render_refused(request, "desk/thread_not_assigned.html", None, refusal)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        form = AnswerForm(initial={"key": uuid4(), "words": chosen_reply(request.GET)})
        return render(request, "desk/thread.html", {**shown(page, staff), "form": form})
    form = AnswerForm(request.POST) if act is answer else AnswerForm(initial={"key": uuid4()})
    if act is answer and not form.is_valid():
        return render(request, "desk/thread.html", {**shown(page, staff), "form": form}, status=422)
    try:
        said = act(page, staff, form.cleaned_data if act is answer else request.POST)
    except NotAssigned as refusal:
        return render_refused(request, "desk/thread_not_assigned.html", None, refusal)
    except Refusal as refusal:
        return render_refused(request, "desk/thread.html", form, refusal, **shown(page, staff))
    messages.success(request, said)
    if act in (close, hand_over):
        return redirect("desk:conversations")
    return redirect("desk:thread", thread_id)


def answer(page: ThreadRow, staff: User, said: Any) -> str:
    operations.answer(
        thread_id=page.id,
        staff_user_id=staff.pk,
        words=said["words"],
        closes=said["closes"],
        key=said["key"],
        now=now(),
    )
    return _("Sent. The customer gets it by mail and sees it on the page.")


def take(page: ThreadRow, staff: User, said: Any) -> str:
    operations.take(thread_id=page.id, staff_user_id=staff.pk, now=now())
    return _("This conversation is yours now.")


def hand_over(page: ThreadRow, staff: User, said: Any) -> str:
    to = said.get("to", "")
    operations.hand_over(
        thread_id=page.id,
        staff_user_id=staff.pk,
        to_user_id=int(to) if to.isdecimal() else None,
        now=now(),
    )
    return _("Handed over.")


def close(page: ThreadRow, staff: User, said: Any) -> str:
    operations.close(thread_id=page.id, staff_user_id=staff.pk, now=now())
    return _("Closed. If the customer writes again, it opens again.")


def mark(page: ThreadRow, staff: User, said: Any) -> str:
    form = MarkForm(said)
    marked = {message.id for message in page.messages}
    if not form.is_valid() or form.cleaned_data["message"] not in marked:
        raise NotAmongYours(thread_id=page.id)
    refunds.open_from_message(
        message_id=form.cleaned_data["message"],
        as_what=form.cleaned_data["as_what"],
        order_line_id=form.cleaned_data["line"],
        staff_user_id=staff.pk,
        now=now(),
    )
    return _("The case is open, as of the moment the message reached us.")


ACTS: dict[str, Callable[[ThreadRow, User, Any], str]] = {
    "answer": answer,
    "take": take,
    "hand_over": hand_over,
    "close": close,
    "mark": mark,
}


def chosen_reply(asked: QueryDict) -> str:
    """The words of the saved reply that was picked; empty for none."""
    wanted = asked.get("reply", "")
    return next((reply.words for reply in queries.saved_replies() if str(reply.pk) == wanted), "")


def shown(page: ThreadRow, staff: User) -> dict[str, Any]:
    """The thread, and beside it what is known of its customer."""
    others = [one for one in people.team() if one.staff.user_id != staff.pk]
    colleagues = [(one.staff.user_id, one.email) for one in others]
    context = {
        "thread": page,
        "messages_shown": page.messages,
        "at_desk": True,
        "zone": settings.TIME_ZONE,
        "is_mine": page.assignee_id == staff.pk,
        "colleagues": colleagues,
        "replies": queries.saved_replies(),
    }
    if page.customer_id is not None:
        customer = people.customer(page.customer_id)
        paid = [order for order in orders.orders_of(customer.pk) if order.paid_at is not None]
        context |= {
            "customer": customer,
            "zone": customer.zone,
            "lines": [(order, line) for order in paid for line in order.lines],
            "about": about(customer.pk, staff, thread_id=page.id),
        }
    return context


@staff_only
@require_safe
def file(request: HttpRequest, staff: User, evidence_id: int) -> HttpResponse:
    """A file of a conversation that this colleague may open, to save; noted in its custody."""
    try:
        queries.thread_for_staff(queries.thread_of_file(evidence_id), staff.pk)
        row, content = evidence_rows.read(evidence_id)
    except NotAssigned as refusal:
        return render_refused(request, "desk/thread_not_assigned.html", None, refusal)
    evidence.record_shown(evidence_id=row.id, actor=f"staff:{staff.pk}", now=now())
    return given_back(row, content)


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def replies(request: HttpRequest, staff: User) -> HttpResponse:
    """Saved replies: write, replace, drop."""
    dropped = request.POST.get("drop", "")
    if dropped.isdecimal():
        operations.drop_reply(reply_id=int(dropped))
        return redirect("desk:replies")
    form = ReplyForm(request.POST or None)
    if form.is_valid():
        operations.save_reply(staff_user_id=staff.pk, now=now(), **form.cleaned_data)
        return redirect("desk:replies")
    context = {"form": form, "replies": queries.saved_replies()}
    return render(request, "desk/replies.html", context, status=422 if form.is_bound else 200)
