"""The search in the desk's header: from what a customer reads out to the right page.

The words are sent in a form and never stand in an address, since they may be somebody's mail
address or number. What customers keep in their own address books is not searched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.conversations import queries as conversations
from fairroam.apps.customers import queries as customers
from fairroam.apps.customers.models import User
from fairroam.apps.esims.queries import desk as lines
from fairroam.apps.esims.queries import numbers
from fairroam.apps.orders import queries as orders
from fairroam.apps.papers import queries as papers
from fairroam.apps.refunds.queries import desk as refunds
from fairroam.rules.languages import words_for
from fairroam.web.components.words import PAPERS
from fairroam.web.desk.staff import staff_only

LENGTH_MAX = 254  # of a mail address, the longest of what is found
DRAWN = re.compile(r"(FR|C|RD)-?([2-9A-Z]{4})-?([2-9A-Z]{4})")
PHONE = re.compile(r"(?:\+|00)?([1-9][0-9]{6,14})")
OFTEN = _("That was very often. Wait a minute, then search again.")


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: what was recognised, its name, and the page it leads to ("": not theirs)."""

    what: str | Promise
    title: str
    path: str


@never_cache
@staff_only
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest, staff: User) -> HttpResponse:
    """All that the words name; straight to its page where that is one alone."""
    words = request.POST.get("q", "").strip()[:LENGTH_MAX]
    context: dict[str, object] = {"wanted": words, "hits": []}
    if not words:
        return render(request, "desk/search.html", context)
    if not ratelimit.consume(request, action="desk_search", user=staff):
        return render(request, "desk/search.html", {**context, "trouble": OFTEN}, status=429)
    hits = list(dict.fromkeys(hits_of(words, staff)))
    if len(hits) == 1 and hits[0].path:
        return redirect(hits[0].path)
    return render(request, "desk/search.html", {**context, "hits": hits})


def plain(words: str) -> str:
    """Words as they are stored: capitals, no gaps, hyphens for dashes, drawn numbers with theirs.

    "fr 7k3m 9q2t" is "FR-7K3M-9Q2T".
    """
    typed = unicodedata.normalize("NFKC", words).upper()
    typed = re.sub(r"[\u2010-\u2015]", "-", re.sub(r"[\s()./\x00]+", "", typed))
    drawn = DRAWN.fullmatch(typed)
    return "-".join(drawn.groups()) if drawn else typed


def hits_of(words: str, staff: User) -> Iterator[Hit]:
    """Each thing that these words name exactly, and lines whose ICCID ends with them."""
    if "@" in words:
        yield from by_address(words.replace("\x00", ""), staff)
        return
    typed = plain(words)
    yield from by_number(typed)
    yield from by_paper(typed, staff)
    for line in lines.find_lines(typed):
        path = reverse("desk:line", args=[line.order_line_id])
        name = words_for(line.names, get_language() or "en")
        yield Hit(_("eSIM"), f"{name} · {line.iccid or '–'}", path)
    phone = PHONE.fullmatch(typed.replace("-", ""))
    if phone:
        yield from by_phone(f"+{phone[1]}")


def by_address(words: str, staff: User) -> Iterator[Hit]:
    """The account of that mail address, and conversations of somebody without one."""
    customer_id = customers.customer_by_address(words)
    if customer_id:
        yield customer_hit(customer_id)
    for thread in conversations.threads_about(staff_user_id=staff.pk, address=words):
        path = reverse("desk:thread", args=[thread.id]) if thread.may_open else ""
        yield Hit(_("Conversation"), thread.subject or str(_("without a subject")), path)


def by_number(typed: str) -> Iterator[Hit]:
    """The customer of that number, or of the order of that number."""
    customer_id = customers.customer_by_number(typed) or orders.customer_of_order(typed)
    if customer_id:
        yield customer_hit(customer_id)


def by_phone(e164: str) -> Iterator[Hit]:
    """The line that has this number now, and whose it is."""
    kept = numbers.line_with(e164)
    if kept:
        path = reverse("desk:line", args=[kept[0]])
        yield Hit(_("Phone number"), numbers.in_words(e164), path)
        yield customer_hit(kept[1])


def by_paper(typed: str, staff: User) -> Iterator[Hit]:
    """The decision's case, and whose the paper of that number is."""
    case = refunds.request_of_decision(typed, staff_user_id=staff.pk)
    if case:
        path = reverse("desk:case", args=[case.id]) if case.may_open else ""
        yield Hit(_("Decision"), f"{typed} · {case.order_number}", path)
        return
    paper = papers.find_by_number(typed)
    if paper and paper.customer_id:
        path = reverse("desk:customer", args=[paper.customer_id])
        yield Hit(PAPERS[paper.kind], paper.number, path)


def customer_hit(customer_id: int) -> Hit:
    number = customers.customer(customer_id).number
    return Hit(_("Customer"), number, reverse("desk:customer", args=[customer_id]))
