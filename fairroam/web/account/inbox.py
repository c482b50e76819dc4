"""The inbox: every message of ours, as it was mailed, what became of the mail, and its matter."""

from __future__ import annotations

import re

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.customers.models import Customer
from fairroam.apps.notices import operations, queries
from fairroam.apps.notices.models import Notice
from fairroam.clock import now
from fairroam.web.account.me import customers_only
from fairroam.web.components.mails import PUSH_TOPICS, TOPICS, about
from fairroam.web.components.paging import page_of


@never_cache
@customers_only
@require_safe
def inbox(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Newest first, a page at a time; what is unread carries a mark and a word."""
    only_unread = "unread" in request.GET
    rows = page_of(queries.inbox(customer.pk, only_unread=only_unread), request)
    context = {
        "rows": rows.each(lambda notice: (notice, about(notice.kind))),
        "only_unread": only_unread,
        "unread": queries.unread_count(customer.pk),
        "zone": customer.zone,
    }
    return render(request, "account/inbox.html", context)


@never_cache
@customers_only
@require_safe
def message(request: HttpRequest, customer: Customer, notice_id: int) -> HttpResponse:
    """One message whole; opening it is reading it."""
    notice = queries.notice_of(notice_id, customer.pk)
    operations.mark_read(notice_id=notice.pk, customer_id=customer.pk, now=now())
    context = {
        "notice": notice,
        "about": about(notice.kind),
        "matter": matter_of(notice),
        "code": queries.code_of(notice.key),
        "zone": customer.zone,
    }
    return render(request, "account/message.html", context)


def matter_of(notice: Notice) -> str:
    """The page of the account that the message sends its reader to; "" where it names none."""
    path = r"(/account/(?:[\w-]+(?::[\w-]+)*/)*)"  # a seal has colons in it
    found = re.search(re.escape(settings.FAIRROAM_ADDRESS) + path, notice.text)
    return found[1] if found else ""


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Choose what also comes by mail; all of it stands in the inbox anyway."""
    if request.method == "POST":
        stopped = TOPICS.keys() - set(request.POST.getlist("mailed"))
        operations.choose_mails(customer_id=customer.pk, stopped=stopped, now=now())
        messages.success(request, _("Saved."))
        return redirect("account:mail_choices")
    stopped_now = queries.stopped_topics(customer.pk)
    topics = [(topic, words, topic not in stopped_now) for topic, words in TOPICS.items()]
    not_pushed = queries.stopped_pushes(customer.pk)
    context = {
        "topics": topics,
        "pushes": [(topic, words, topic not in not_pushed) for topic, words in PUSH_TOPICS.items()],
        "push_key": operations.push_public_key(),
    }
    return render(request, "account/mail_choices.html", context)
