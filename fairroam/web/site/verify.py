"""Is this true? A paper by its number, by the QR code's address or by the file; a mail by its code.

A file is checked by its signature, and against our own record: what bears our signature and is
not in it was signed by somebody who had our key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.notices import queries as notices
from fairroam.apps.notices.models import Notice
from fairroam.apps.papers import queries as papers
from fairroam.apps.papers.models import Paper
from fairroam.proof import (
    Json,
    Recomputation,
    Truth,
    Unreadable,
    Verdict,
    attached_document,
    read,
    recompute,
    verify,
    verify_picture,
)
from fairroam.rules import answer
from fairroam.web.components.mails import about
from fairroam.web.components.words import PAPERS

BYTES_MAX = 2_000_000
UNRECORDED = "unrecorded"  # signed with a key of ours, and we never wrote it
WRONG = "wrong"  # signed, and the rules give something else


class VerifyForm(forms.Form):
    """A number, or a file."""

    number = forms.CharField(
        label=_("Number on the paper, or the code in a mail"), required=False, max_length=60
    )
    file = forms.FileField(
        label=_("or the file (JSON or PDF)"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".json,.pdf,application/json,application/pdf"}),
    )

    def clean_file(self) -> UploadedFile[bytes] | None:
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None and file.size is not None and file.size > BYTES_MAX:
            raise forms.ValidationError(_("This file is larger than any paper of ours."))
        return file

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if not self.errors and not asked.get("number") and not asked.get("file"):
            self.add_error("number", _("Type a number, or choose a file."))
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is true of what was asked about.

    truth: of `proof.Truth`, or UNRECORDED, WRONG, "unreadable", "unknown". record: the paper of
    that number as we hold it, where the asker may see it. again: a decision computed again.
    """

    truth: str
    verdict: Verdict | None = None
    record: Paper | None = None
    again: Recomputation | None = None

    @property
    def statement(self) -> dict[str, Any] | None:
        """What may be shown: what we hold; for a revoked key, what was signed."""
        if self.record is not None:
            # Who knows a number alone must not read a code that is worth money.
            statement: dict[str, Any] = self.record.statement
            return {name: said for name, said in statement.items() if name != "code"}
        is_worth_showing = self.truth in (Truth.TRUE, Truth.REVOKED_KEY, WRONG)
        if self.verdict is None or not is_worth_showing:
            return None
        return self.verdict.statement


def judge(content: bytes) -> Finding:
    """What is true of an uploaded file."""
    keys = papers.key_set()
    try:
        is_picture = content.startswith(b"%PDF")
        document = attached_document(content) if is_picture else read(content)
        verdict = verify_picture(content, keys) if is_picture else verify(document, keys)
    except Unreadable:
        return Finding(truth="unreadable")
    if verdict.statement is None:
        return Finding(truth=str(verdict.truth), verdict=verdict, record=record_named(document))
    if verdict.statement.get("kind") not in PAPERS:
        # The seal of a picture is signed as well, and says nothing without its picture.
        return Finding(truth="unreadable")
    record = papers.find_by_number(str(verdict.statement.get("number", "")))
    if record is not None and record.statement != verdict.statement:
        record = None  # Signed by us or a thief of our key: not what we wrote under that number.
    if verdict and record is None:
        return Finding(truth=UNRECORDED, verdict=verdict)
    return judged(verdict, record)


def judged(verdict: Verdict, record: Paper | None) -> Finding:
    """The finding on a paper of ours; a decision is computed again."""
    again = recompute(verdict.statement, answer) if verdict and verdict.statement else None
    is_wrong = again is not None and bool(again.differences)
    truth = WRONG if is_wrong else str(verdict.truth)
    return Finding(truth=truth, verdict=verdict, record=record, again=again)


def record_named(document: Json) -> Paper | None:
    """What we hold under the number that a forged file bears, if strangers may look it up."""
    statement = document.get("statement") if isinstance(document, dict) else None
    number = statement.get("number") if isinstance(statement, dict) else None
    return papers.find_for_stranger(number) if isinstance(number, str) else None


def shown(request: HttpRequest, finding: Finding) -> HttpResponse:
    verdict = finding.verdict  # one that is not TRUE counts as false
    key = verdict.key if verdict is not None else None
    context = {
        "truth": finding.truth,
        "statement": finding.statement,
        "differences": verdict.differences if verdict is not None else (),
        "again": finding.again,
        "revoked_from": key.revoked_from if key else None,
        "record": finding.record,
    }
    status = 404 if finding.truth == "unknown" else 200
    return render(request, "site/verdict.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Ask for a number or a file, and answer."""
    form = VerifyForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "site/verify.html", {"form": form}, status=status)
    file = form.cleaned_data["file"]
    if file is None:
        return redirect("site:verdict", form.cleaned_data["number"])
    return shown(request, judge(file.read()))


@require_safe
def by_number(request: HttpRequest, number: str) -> HttpResponse:
    """What our own record says of the paper of that number, or of the mail with that code.

    Only numbers that nobody can guess are answered; others give the same page as unknown ones.
    """
    paper = papers.find_for_stranger(number)
    if paper is not None:
        return shown(request, judged(verify(read(paper.signed.encode()), papers.key_set()), paper))
    notice = notices.find_by_code(number)
    if notice is not None:
        return render(request, "site/our_mail.html", mail_facts(notice))
    return shown(request, Finding(truth="unknown"))


def mail_facts(notice: Notice) -> dict[str, Any]:
    """Kind and day of a mail: enough to tell a true one, nothing about who got it."""
    return {
        "about": about(notice.kind),
        "on": notice.queued_at.date(),
        "code": notices.code_of(notice.key),
    }


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of all papers, as JWKS, for anybody to check with."""
    return JsonResponse(papers.key_set().as_jwks())
