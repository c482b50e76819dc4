"""Usage files: send one, see how far each is, which lines and records were put aside."""

from __future__ import annotations

import hashlib

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from fairroam.apps.customers.models import User
from fairroam.apps.journal.refusals import Refusal
from fairroam.apps.metering import operations, queries
from fairroam.apps.metering.refusals import UsageFileTooLarge
from fairroam.clock import now
from fairroam.web.components.paging import page_of
from fairroam.web.components.refused import render_refused
from fairroam.web.desk.asides import PUT_ASIDE, SETTLED
from fairroam.web.desk.staff import staff_only

BYTES_MAX = 20_000_000
# Why a line is no record: metering.operations.rows names these codes.
BAD_LINES = {
    "columns": _("the number of its columns is wrong"),
    "quotes": _("a quotation mark is missing"),
    "encoding": _("it is no text in UTF-8"),
    "length": _("something in it is too long"),
    "iccid": _("no ICCID"),
    "kind": _("a kind of use that we do not know"),
    "quantity": _("no amount of use"),
    "times": _("no times, or the end before the beginning"),
    "country": _("no country"),
    "correction": _("what it corrects is not named rightly"),
}


class UsageFileForm(forms.Form):
    """One file of one network."""

    source = forms.SlugField(label=_("Who counted (the network's name)"), max_length=60)
    file = forms.FileField(label=_("CSV file"))


@never_cache
@staff_only(role="operator")  # What a file takes back the rules pay back, whatever the sum.
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, staff: User) -> HttpResponse:
    """What was sent, newest first; a file sent again is the same import."""
    form = UsageFileForm(request.POST or None, request.FILES or None)
    imports = page_of(queries.usage_files(), request)
    put_aside = page_of(queries.quarantined(), request, name="aside")
    dealt_with = page_of(queries.settled_asides(), request, name="settled")
    context = {
        "put_aside": put_aside.each(lambda row: (row, PUT_ASIDE[row.reason])),
        "dealt_with": dealt_with.each(lambda row: (row, SETTLED[row.settled_as])),
        "imports": imports.each(
            lambda file: (
                file,
                [(BAD_LINES.get(row.reason, row.reason), row) for row in file.bad_lines],
            )
        ),
    }
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "desk/usage.html", {**context, "form": form}, status=status)
    try:
        receive(form.cleaned_data["source"], form.cleaned_data["file"], staff)
    except Refusal as refusal:
        return render_refused(request, "desk/usage.html", form, refusal, **context)
    return redirect("desk:usage")


def receive(source: str, file: UploadedFile[bytes], staff: User) -> None:
    """Keep the file; a job counts it."""
    if (file.size or 0) > BYTES_MAX:
        raise UsageFileTooLarge(size=file.size)
    parts = list(file.chunks())
    operations.receive_file(
        source=source,
        name=file.name or "usage.csv",
        content_sha256=hashlib.sha256(b"".join(parts)).hexdigest(),
        parts=parts,
        actor=f"staff:{staff.pk}",
        now=now(),
    )
