"""How a refusal reaches a person: with its sentence, its status, and what was typed still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext

from fairroam.apps.journal.refusals import Refusal


class Refused:
    """Answer the refusals that no view answers itself: why, and a way on; nothing keeps the page.

    What does not exist and what belongs to somebody else look alike: status 404, "hidden.html".
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            # Browsers show an error of their own where a page is empty.
            response.content = render_to_string("405.html").encode()
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refusal):
            return None
        template = "hidden.html" if error.status == 404 else "refused.html"
        response = render(request, template, {"why": sentence_of(error)}, status=error.status)
        add_never_cache_headers(response)
        return response


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
