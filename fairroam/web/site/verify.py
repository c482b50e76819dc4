"""Is this paper true? By number, by the QR code's address, or by the file itself."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from fairroam.apps.papers import queries as papers
from fairroam.proof import Unreadable, Verdict, read, verify, verify_picture
from fairroam.web.components.words import PAPERS

BYTES_MAX = 2_000_000


class VerifyForm(forms.Form):
    """A number, or a file."""

    number = forms.CharField(label=_("Number on the paper"), required=False, max_length=60)
    file = forms.FileField(label=_("or the file (JSON or PDF)"), required=False)

    def clean_file(self) -> UploadedFile[bytes] | None:
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None and file.size is not None and file.size > BYTES_MAX:
            raise forms.ValidationError(_("This file is larger than any paper of ours."))
        return file


def judge(content: bytes) -> Verdict | None:
    """What is true of an uploaded file; None when it is no paper at all."""
    keys = papers.key_set()
    try:
        is_picture = content.startswith(b"%PDF")
        verdict = verify_picture(content, keys) if is_picture else verify(read(content), keys)
    except Unreadable:
        return None
    # The seal of a picture is signed as well, and says nothing without its picture.
    is_paper = verdict.statement is None or verdict.statement.get("kind") in PAPERS
    return verdict if is_paper else None


def shown(request: HttpRequest, truth: str, statement: dict[str, Any] | None) -> HttpResponse:
    context = {"truth": truth, "statement": statement}
    status = 404 if truth == "unknown" else 200
    return render(request, "site/verdict.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Ask for a number or a file, and answer."""
    form = VerifyForm(request.POST or None, request.FILES or None)
    if not form.is_valid():
        return render(request, "site/verify.html", {"form": form})
    file = form.cleaned_data["file"]
    if file is None:
        return redirect("site:verdict", form.cleaned_data["number"].strip() or "-")
    verdict = judge(file.read())
    if verdict is None:
        return shown(request, "unreadable", None)
    return shown(request, str(verdict.truth), verdict.statement)


@require_safe
def by_number(request: HttpRequest, number: str) -> HttpResponse:
    """What our own record says of the paper of that number.

    Only numbers that nobody can guess are answered; others give the same page as unknown ones.
    """
    paper = papers.find_for_stranger(number)
    if paper is None:
        return shown(request, "unknown", None)
    verdict = judge(paper.signed.encode())
    assert verdict is not None
    return shown(request, str(verdict.truth), verdict.statement)


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of all papers, as JWKS, for anybody to check with."""
    return JsonResponse(papers.key_set().as_jwks())
