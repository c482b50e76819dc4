"""Everything that is kept about a customer: in words, and as one file to take along."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.closures.personal import EVERYTHING
from fairroam.apps.customers.models import Customer
from fairroam.apps.exports import operations, queries
from fairroam.apps.journal.personal import PURPOSES, RETAINED, TITLES
from fairroam.apps.journal.refusals import NotAmongYours, Refusal
from fairroam.clock import now
from fairroam.web.account.live import render_live
from fairroam.web.account.me import customers_only
from fairroam.web.account.step_up import step_up_required
from fairroam.web.components.refused import render_refused

LOOK_SECONDS = 2
Words = str | Promise
# What is kept under each heading.
SUBJECTS: dict[str, Words] = {
    "account": _(
        "Your customer number, country of residence, language, time zone, and since when."
    ),
    "sign_in": _(
        "Your e-mail address; passkeys and other factors: when they were added and used, never"
        " the keys themselves; in which browsers you were signed in."
    ),
    "contacts": _("Whom you wrote down or imported here."),
    "orders": _("What you bought, at which price and with which tax, and what you agreed to."),
    "money": _("What you paid, what came back by which way, and bank accounts that you named."),
    "papers": _("Invoices, credit notes, decisions and certificates."),
    "lines": _("Card numbers, the chip number of your phone, when an eSIM was installed and used."),
    "numbers": _(
        "Which number is yours, how it is kept, and that somebody has checked who you are."
    ),
    "usage": _("How much was used when and in which country; never where you were."),
    "refunds": _("Quotes, requests, offers and decisions with their facts, and what was written."),
    "messages": _("What you wrote to us, what we wrote to you, and which mails you do not want."),
    "files": _("Pictures and papers that you sent us."),
    "leaving": _("What you ended or closed, and how that went."),
    "history": _("Kinds and times of what happened, and exports."),
}


@dataclass(slots=True)
class Kept:
    """One heading of the page: what of it goes at a closing, and what stays why for how long."""

    title: Words
    words: Words
    erased: list[str] = field(default_factory=list)
    stays: dict[str, list[str]] = field(default_factory=dict)
    withheld: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> list[tuple[Words, int]]:
        """(Why, for how many whole years after the year of the closing.)"""
        return [(PURPOSES[why], RETAINED[why]) for why in self.stays]


def everything_kept() -> list[Kept]:
    """The declarations of all apps, by heading."""
    found = {about: Kept(TITLES[about], words) for about, words in SUBJECTS.items()}
    for table in EVERYTHING:
        if not table.whose:
            continue
        kept = found[table.about]
        kept.erased += [
            f"{table.name}.{name}" for name in f"{table.erased} {table.deleted}".split()
        ]
        kept.withheld += [
            f"{table.name}.{name}" for names in table.withheld.values() for name in names.split()
        ]
        if table.why:
            stays = kept.stays.setdefault(table.why, [])
            stays += [f"{table.name}.{name}" for name in table.kept.split()]
    return list(found.values())


@customers_only
@require_safe
def kept(request: HttpRequest, customer: Customer) -> HttpResponse:
    """What is kept about you, why, and until when."""
    return render(request, "account/kept.html", {"subjects": everything_kept()})


@never_cache
@customers_only
@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Ask for the file; see how far it is; the link once it is there."""
    context = {"export": queries.export_of(customer.pk), "zone": customer.zone}
    if request.method == "POST":
        try:
            operations.ask_export(customer_id=customer.pk, now=now())
        except Refusal as refusal:
            return render_refused(request, "account/export.html", None, refusal, **context)
        return redirect("account:export")
    newest = context["export"]
    is_making = isinstance(newest, queries.ExportRow) and newest.stage == "asked"
    return render_live(
        request,
        "account/export.html",
        context,
        part="account/export_part.html",
        seconds=LOOK_SECONDS if is_making else None,
    )


@never_cache
@customers_only
@step_up_required(reads=True)
@require_http_methods(["GET", "HEAD", "POST"])
def download(request: HttpRequest, customer: Customer, export_id: int) -> HttpResponse:
    """The file, for its owner who has just proven who they are."""
    try:
        found = queries.ready_export(export_id, customer.pk, now=now())
    except NotAmongYours:
        raise
    except Refusal as refusal:
        context = {"export": queries.export_of(customer.pk), "zone": customer.zone}
        return render_refused(request, "account/export.html", None, refusal, **context)
    operations.note_taken(export_id=export_id, now=now())
    name = f"{customer.number}-{found.ready_at:%Y-%m-%d}.zip"
    file = FileResponse(found.path.open("rb"), as_attachment=True, filename=name)
    file["Content-Type"] = "application/zip"
    # A response in pieces; what the decorators do with the one they do with the other.
    return cast(HttpResponse, file)
