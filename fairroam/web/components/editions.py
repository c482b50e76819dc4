"""Parts of pages that are the same for everybody: read and written once for what is sold now."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import caches
from django.core.cache.utils import make_template_fragment_key
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from fairroam.apps.catalogue import queries as catalogue

FRAGMENTS = "template_fragments"  # the cache that `{% cache %}` takes by this name
KEPT_SECONDS = 3600


class OneEdition:
    """Show on one page one edition of the catalogue; who acts reads what stands there now."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        with catalogue.reading():
            return self.get_response(request)


def kept_text(name: str, *vary: object, write: Callable[[], str]) -> SafeString:
    """The part of a page as it was written for this edition, this language and these values.

    write: renders it with a template of ours, out of nothing that differs otherwise.
    """
    key = make_template_fragment_key(name, (catalogue.edition(), get_language(), *vary))
    found: str | None = caches[FRAGMENTS].get(key)
    if found is None:
        found = write()
        caches[FRAGMENTS].set(key, found, KEPT_SECONDS)
    return mark_safe(found)  # noqa: S308 - our own template has escaped what came from elsewhere
