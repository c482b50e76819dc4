"""How a refusal reaches a person: with its sentence, its status, and what was typed still there."""

from __future__ import annotations

from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from fairroam.apps.journal.refusals import Refusal


def sentence_of(refusal: Refusal) -> str:
    """The refusal's sentence in the language of the page."""
    sentence = " ".join(str(refusal).split())
    return gettext(sentence)


def sentence_of_code(code: str) -> str:
    """The sentence of the refusal with this code, for where only that was kept; else the code."""
    known: list[type[Refusal]] = [Refusal]
    for one in known:
        if one.code == code:
            sentence = " ".join(str(one.__doc__).split())
            return gettext(sentence)
        known += one.__subclasses__()
    return code


def render_refused(
    request: HttpRequest,
    template: str,
    form: BaseForm | None,
    refusal: Refusal,
    **context: Any,
) -> HttpResponse:
    """The page again, with the sentence above the form; status 4xx is the refusal's.

    `context` is what else the template needs. The page shows the sentence by including
    "components/form_errors.html" (or "components/form.html", which does).
    """
    said = {"code": refusal.code, "sentence": sentence_of(refusal)}
    context = {**context, "form": form, "refusal": said}
    return render(request, template, context, status=refusal.status)
